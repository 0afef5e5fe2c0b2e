package snapshot

import (
	"encoding/json"
	"fmt"
	"io"

	"go.yaml.in/yaml/v3"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/netsim-dev/netsim/internal/manifest"
)

// Format is how a dump is written.
type Format string

// A stream of YAML documents, or one List in JSON with an object a line.
const (
	YAML Format = "yaml"
	JSON Format = "json"
)

// Write writes the dump: first what is missing, if anything, then the objects by
// kind, namespace and name. The same cluster gives the same bytes.
func (d *Dump) Write(w io.Writer, f Format) error {
	parts, err := d.documents()
	if err != nil {
		return err
	}
	var objects []map[string]any
	for _, p := range parts {
		objects = append(objects, p.objects...)
	}
	return f.write(w, objects)
}

// documents are the parts, behind one that says what is missing, if anything is.
func (d *Dump) documents() ([]part, error) {
	if len(d.Missing) == 0 {
		return d.parts, nil
	}
	snapshot := manifest.NewSnapshot(d.Missing)
	object, err := runtime.DefaultUnstructuredConverter.ToUnstructured(&snapshot)
	if err != nil {
		return nil, err
	}
	return append([]part{{"snapshot", []map[string]any{object}}}, d.parts...), nil
}

func (f Format) write(w io.Writer, objects []map[string]any) error {
	if f == JSON {
		return writeJSON(w, objects)
	}
	encoder := yaml.NewEncoder(w)
	encoder.SetIndent(2)
	for _, object := range objects {
		if err := encoder.Encode(object); err != nil {
			return err
		}
	}
	return encoder.Close()
}

func writeJSON(w io.Writer, objects []map[string]any) error {
	if _, err := io.WriteString(w, `{"apiVersion":"v1","kind":"List","items":[`); err != nil {
		return err
	}
	separator := "\n"
	for _, object := range objects {
		text, err := json.Marshal(object)
		if err != nil {
			return err
		}
		if _, err := fmt.Fprintf(w, "%s%s", separator, text); err != nil {
			return err
		}
		separator = ",\n"
	}
	_, err := io.WriteString(w, "\n]}\n")
	return err
}
