package render

import (
	"encoding/json"
	"fmt"
	"io"

	"sigs.k8s.io/yaml"
)

// Format is what -o chooses between.
type Format string

// The formats.
const (
	FormatText Format = "text"
	FormatJSON Format = "json"
	FormatYAML Format = "yaml"
)

// ParseFormat reads the value of -o; its error names the formats.
func ParseFormat(text string) (Format, error) {
	switch f := Format(text); f {
	case FormatText, FormatJSON, FormatYAML:
		return f, nil
	}
	return "", fmt.Errorf("unknown output format %q: want text, json or yaml", text)
}

// JSON writes v indented by two spaces, with a newline at the end. Its error
// is the writer's, or says that v has no JSON form.
func JSON(w io.Writer, v any) error {
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	return encoder.Encode(v)
}

// JSONLine writes v on one line, for outputs that hold one object a line.
func JSONLine(w io.Writer, v any) error {
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	return encoder.Encode(v)
}

// YAML writes what JSON would, as YAML.
func YAML(w io.Writer, v any) error {
	text, err := yaml.Marshal(v)
	if err != nil {
		return err
	}
	_, err = w.Write(text)
	return err
}

// Encode writes v as JSON or YAML.
func Encode(w io.Writer, v any, format Format) error {
	if format == FormatYAML {
		return YAML(w, v)
	}
	return JSON(w, v)
}
