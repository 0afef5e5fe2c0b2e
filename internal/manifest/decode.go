package manifest

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strings"

	kjson "sigs.k8s.io/json"

	"github.com/netsim-dev/netsim/internal/nearest"
)

// decode reads the document into a typed object as an API server does: an
// unknown field is dropped with a warning, a value of the wrong type refuses
// the document.
func (d *document) decode(into any) bool {
	strict, err := kjson.UnmarshalStrict(d.json, into, kjson.DisallowUnknownFields)
	for _, unknown := range strict {
		d.unknownField(unknown, reflect.TypeOf(into).Elem())
	}
	if err != nil {
		d.wrongType(err)
		return false
	}
	return true
}

// decodeMetadata reads the document's metadata, and ignores fields that the
// target does not have. Most of a document is not metadata, so that this saves
// reading it twice; what is wrong is reported on the whole.
func (d *document) decodeMetadata(into any) bool {
	err := kjson.UnmarshalCaseSensitivePreserveInts(d.metadataJSON(), into)
	if err == nil {
		return true
	}
	if whole := kjson.UnmarshalCaseSensitivePreserveInts(d.json, into); whole != nil {
		err = whole
	}
	d.wrongType(err)
	return false
}

// metadataJSON is the document with nothing but its metadata.
func (d *document) metadataJSON() []byte {
	for _, p := range d.places {
		if p.above < 0 && p.key == "metadata" {
			return slices.Concat([]byte(`{"metadata":`), d.json[p.start:p.end], []byte("}"))
		}
	}
	return []byte("{}")
}

func (d *document) wrongType(err error) { d.reject(d.typeProblem(err)) }

// typeProblem is what a decoder found wrong.
func (d *document) typeProblem(err error) problem {
	var wrong *json.UnmarshalTypeError
	if !errors.As(err, &wrong) {
		return problem{says: "cannot be decoded: " + err.Error(), do: "correct the value"}
	}
	return problem{
		at:   d.pathAt(wrong.Offset),
		says: fmt.Sprintf("must be %s, and is a %s", typeName(wrong.Type), wrong.Value),
		do:   typeRemedy(wrong),
	}
}

func typeName(t reflect.Type) string {
	switch t.Kind() {
	case reflect.String:
		return "a string"
	case reflect.Bool:
		return "true or false"
	case reflect.Slice, reflect.Array:
		return "a list"
	case reflect.Map, reflect.Struct:
		return "a map"
	}
	return "a whole number (" + t.Kind().String() + ")"
}

func typeRemedy(wrong *json.UnmarshalTypeError) string {
	switch wrong.Type.Kind() {
	case reflect.String:
		if wrong.Value == "bool" {
			return "put it in quotes: kubectl reads y, n, yes, no, on and off as booleans"
		}
		return "put it in quotes"
	case reflect.Slice, reflect.Array:
		return "write each item on a line of its own, after a dash"
	}
	return "write " + typeName(wrong.Type)
}

// unknownField warns of a field that the type does not have. The strict
// decoder gives it as `unknown field "spec.containers[0].imagee"`.
func (d *document) unknownField(err error, t reflect.Type) {
	path, do := fieldRemedy(err, t)
	d.warn(problem{path, "the field is not known, an API server drops it", do})
}

// fieldRemedy is the path of an unknown field, and what to do about it.
func fieldRemedy(err error, t reflect.Type) (path, do string) {
	_, quoted, _ := strings.Cut(err.Error(), `"`)
	path, _, _ = strings.Cut(quoted, `"`)
	if near := nearestField(t, path); near != "" {
		return path, "did you mean " + near + "?"
	}
	return path, "remove it"
}

// nearestField is the known field beside an unknown one that is spelled most
// like it, "" if none is near.
func nearestField(t reflect.Type, path string) string {
	steps := strings.Split(regexp.MustCompile(`\[\d+\]`).ReplaceAllString(path, ""), ".")
	for _, step := range steps[:len(steps)-1] {
		if t = fieldType(t, step); t == nil {
			return ""
		}
	}
	return nearest.Word(steps[len(steps)-1], fieldNames(t))
}

func fieldType(t reflect.Type, name string) reflect.Type {
	if t = structOf(t); t == nil {
		return nil
	}
	for field := range t.Fields() {
		switch jsonName(field) {
		case name:
			return field.Type
		case "":
			if inner := fieldType(field.Type, name); inner != nil {
				return inner
			}
		}
	}
	return nil
}

func fieldNames(t reflect.Type) []string {
	if t = structOf(t); t == nil {
		return nil
	}
	var names []string
	for field := range t.Fields() {
		if name := jsonName(field); name != "" {
			names = append(names, name)
			continue
		}
		names = append(names, fieldNames(field.Type)...)
	}
	return names
}

func jsonName(field reflect.StructField) string {
	name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
	return name
}

// structOf looks through pointers, lists and maps.
func structOf(t reflect.Type) reflect.Type {
	for t != nil && t.Kind() != reflect.Struct {
		switch t.Kind() {
		case reflect.Pointer, reflect.Slice, reflect.Map:
			t = t.Elem()
		default:
			return nil
		}
	}
	return t
}
