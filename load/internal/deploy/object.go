package deploy

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/netsim-dev/netsim/internal/manifest"
	"github.com/netsim-dev/netsim/load"
)

// Kind is a kind of objects, without its version.
type Kind struct{ Group, Kind string }

// Object is one document, or one item of a List.
type Object struct {
	// File is where it was written.
	File string
	Kind
	Namespace, Name string
	JSON            []byte
	// rendered is true where File does not hold it as it is.
	rendered bool
	// alone is true where File holds nothing else.
	alone bool
	doc   *manifest.Document
	// at is the place in the document.
	at string
}

// head is what all objects have.
type head struct {
	APIVersion string `json:"apiVersion"`
	Kind       string `json:"kind"`
	Metadata   struct {
		Name      string `json:"name"`
		Namespace string `json:"namespace"`
	} `json:"metadata"`
	Items []json.RawMessage `json:"items"`
}

// Objects are those of the given kinds in a file. What cannot be read is left
// out: package manifest tells what is wrong with it.
func Objects(file load.File, kinds ...Kind) []*Object {
	var found []*Object
	if !mentions(file.Data, kinds) || bytes.IndexByte(file.Data, 0) >= 0 {
		return nil
	}
	documents, _ := manifest.Documents(file)
	for _, d := range documents {
		found = append(found, objects(file, d, d.JSON(), "", kinds)...)
	}
	if len(found) == 1 {
		found[0].alone = len(documents) == 1 && found[0].at == ""
	}
	return found
}

// mentions spares the parsing of most files.
func mentions(text []byte, kinds []Kind) bool {
	for _, k := range kinds {
		if bytes.Contains(text, []byte(k.Group)) && bytes.Contains(text, []byte(k.Kind)) {
			return true
		}
	}
	return false
}

func objects(file load.File, d *manifest.Document, text []byte, at string, kinds []Kind) []*Object {
	var h head
	if err := json.Unmarshal(text, &h); err != nil && !errors.As(err, new(*json.UnmarshalTypeError)) {
		return nil // a wrong type is told of when the whole is read
	}
	var found []*Object
	if at == "" && strings.HasSuffix(h.Kind, "List") {
		for i, item := range h.Items {
			found = append(found, objects(file, d, item, fmt.Sprintf("items[%d].", i), kinds)...)
		}
		return found
	}
	group, _, versioned := strings.Cut(h.APIVersion, "/")
	if !versioned {
		group = ""
	}
	for _, k := range kinds {
		if k.Group != group || k.Kind != h.Kind {
			continue
		}
		o := &Object{File: file.Name, Kind: k, Namespace: h.Metadata.Namespace, Name: h.Metadata.Name, JSON: text, doc: d, at: at}
		if file.Rendered != nil {
			o.rendered, o.Namespace = file.Rendered.Via != "", cmp.Or(o.Namespace, file.Rendered.Namespace)
		}
		found = append(found, o)
	}
	return found
}

// ID names the object: "Application argocd/web".
func (o *Object) ID() string {
	if o.Namespace == "" {
		return o.Kind.Kind + " " + o.Name
	}
	return o.Kind.Kind + " " + o.Namespace + "/" + o.Name
}

// Line is the line of a field ("spec.source.path"), or of the nearest one above.
func (o *Object) Line(at string) int { return o.doc.Line(o.at + at) }

// Decode reads the object into a struct that is pointed to, with an Issue if that
// is not possible.
func (o *Object) Decode(into any, out *load.Output) bool {
	err := json.Unmarshal(o.JSON, into)
	if err != nil {
		o.Fail(out, "", "cannot be read: "+strings.TrimPrefix(err.Error(), "json: "), "correct it: nothing of what it deploys is loaded")
	}
	return err == nil
}

// Fail adds an Issue of severity error about a field.
func (o *Object) Fail(out *load.Output, at, message, remedy string) {
	out.Fail(o.File, o.Line(at), o.ID()+": "+message, remedy)
}
