package argocd

import (
	"fmt"
	"maps"
	"reflect"
	"strings"
	"text/template"

	"github.com/Masterminds/sprig/v3"
	"sigs.k8s.io/yaml"
)

// templater fills parameters into texts: by Go's templates, or else only by their
// names.
type templater struct {
	goTemplate bool
	options    []string
}

// fill replaces in all texts of a value, the keys included.
func (t templater) fill(value any, params map[string]any) (any, error) {
	switch v := value.(type) {
	case string:
		return t.replace(v, params)
	case []any:
		filled := make([]any, len(v))
		for i, item := range v {
			var err error
			if filled[i], err = t.fill(item, params); err != nil {
				return nil, err
			}
		}
		return filled, nil
	case map[string]any:
		filled := map[string]any{}
		for key, item := range v {
			key, err := t.replace(key, params)
			if err != nil {
				return nil, err
			}
			if filled[key], err = t.fill(item, params); err != nil {
				return nil, err
			}
		}
		return filled, nil
	}
	return value, nil
}

func (t templater) replace(text string, params map[string]any) (string, error) {
	if !strings.Contains(text, "{{") {
		return text, nil
	}
	if t.goTemplate {
		return t.execute(text, params)
	}
	return byName(text, params), nil
}

// byName puts values for "{{name}}"; what no parameter has stays as it is.
func byName(text string, params map[string]any) string {
	var b strings.Builder
	for {
		before, rest, opened := strings.Cut(text, "{{")
		tag, after, closed := strings.Cut(rest, "}}")
		if !opened || !closed {
			b.WriteString(text)
			return b.String()
		}
		b.WriteString(before)
		if value, known := params[strings.TrimSpace(tag)].(string); known {
			b.WriteString(value)
		} else {
			b.WriteString("{{" + tag + "}}")
		}
		text = after
	}
}

func (t templater) execute(text string, params map[string]any) (filled string, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("the template %s panics: %v", text, p)
		}
	}()
	parsed, err := template.New("").Funcs(functions()).Parse(text)
	if err != nil {
		return "", fmt.Errorf("the template %s cannot be parsed: %w", text, err)
	}
	for _, option := range t.options {
		parsed = parsed.Option(option)
	}
	var b bounded
	if err := parsed.Execute(&b, params); err != nil {
		return "", fmt.Errorf("the template %s cannot be executed: %w", text, err)
	}
	return b.String(), nil
}

// maxFilled bounds what a template comes to, in bytes, and maxCount what a
// function repeats.
const (
	maxFilled = 1 << 20
	maxCount  = 1 << 16
)

// bounded takes no more than a template may come to.
type bounded struct{ strings.Builder }

func (b *bounded) Write(text []byte) (int, error) {
	if b.Len()+len(text) > maxFilled {
		return 0, fmt.Errorf("it comes to more than %d MiB", maxFilled>>20)
	}
	return b.Builder.Write(text)
}

// counted is a function that makes as much as it is told to, in bounds.
func counted(f any) any {
	v := reflect.ValueOf(f)
	return reflect.MakeFunc(v.Type(), func(args []reflect.Value) []reflect.Value {
		if v.Type().IsVariadic() {
			mustBeFew(args[0].Interface().([]int)...)
			return v.CallSlice(args)
		}
		for _, arg := range args {
			if arg.CanInt() {
				mustBeFew(int(arg.Int()))
			}
		}
		return v.Call(args)
	}).Interface()
}

// mustBeFew panics, which package template makes an error of.
func mustBeFew(counts ...int) {
	for _, count := range counts {
		if count < -maxCount || count > maxCount {
			panic(fmt.Sprintf("%d is more than netsim counts to", count))
		}
	}
}

// functions are those of Argo CD, without what differs each time or asks the
// machine.
func functions() template.FuncMap {
	all := template.FuncMap(maps.Clone(sprig.GenericFuncMap()))
	for name := range all {
		for _, prefix := range []string{"env", "expandenv", "getHostByName", "now", "ago", "rand", "gen", "uuid", "shuffle", "bcrypt", "htpasswd", "encrypt", "derive"} {
			if strings.HasPrefix(name, prefix) {
				delete(all, name)
			}
		}
	}
	for _, name := range []string{"indent", "nindent", "repeat", "seq", "until", "untilStep"} {
		all[name] = counted(all[name])
	}
	all["normalize"] = normalize
	all["toYaml"] = func(value any) (string, error) {
		text, err := yaml.Marshal(value)
		return strings.TrimSuffix(string(text), "\n"), err
	}
	all["fromYaml"] = func(text string) (map[string]any, error) {
		var value map[string]any
		err := yaml.Unmarshal([]byte(text), &value)
		return value, err
	}
	all["fromYamlArray"] = func(text string) ([]any, error) {
		var value []any
		err := yaml.Unmarshal([]byte(text), &value)
		return value, err
	}
	return all
}
