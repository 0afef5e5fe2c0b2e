package kyverno

import (
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/netsim-dev/netsim/internal/manifest"
	"github.com/netsim-dev/netsim/load"
	"github.com/netsim-dev/netsim/model"
)

// target substitutes in what names the object to be made.
func (m made) target() (reference, error) {
	var t reference
	for _, field := range []struct {
		into *string
		from string
	}{{&t.apiVersion, m.APIVersion}, {&t.kind, m.Kind}, {&t.namespace, m.Namespace}, {&t.name, m.Name}} {
		var err error
		if *field.into, err = m.scope.word(field.from); err != nil {
			return t, err
		}
	}
	if _, clusterScoped := manifest.Kind(t.apiVersion, t.kind); clusterScoped {
		t.namespace = ""
	}
	return t, nil
}

// reference names an object.
type reference struct{ apiVersion, kind, namespace, name string }

func (t reference) id() id {
	return idOf(t.apiVersion, model.Origin{Kind: t.kind, Namespace: t.namespace, Name: t.name})
}

// named is an object with the name of the target, in a copy.
func (t reference) named(value map[string]any) map[string]any {
	value = copyOf(value).(map[string]any)
	metadata, _ := value["metadata"].(map[string]any)
	if metadata == nil {
		metadata = map[string]any{}
		value["metadata"] = metadata
	}
	value["apiVersion"], value["kind"], metadata["name"] = t.apiVersion, t.kind, t.name
	delete(metadata, "namespace")
	if t.namespace != "" {
		metadata["namespace"] = t.namespace
	}
	return value
}

// referenceTo names an object by what it says.
func referenceTo(value map[string]any) reference {
	text := func(keys ...string) string { s, _ := dig(value, keys...).(string); return s }
	return reference{text("apiVersion"), text("kind"), text("metadata", "namespace"), text("metadata", "name")}
}

// put adds an object that a rule generates. One that is there is left as it is,
// unless Kyverno keeps it in step: a clone always, data where synchronize is set.
func (c *cluster) put(r *rule, m made, value map[string]any) {
	t := referenceTo(value)
	if !matters(t.apiVersion, t.kind) {
		return
	}
	before, there := c.byID[t.id()]
	if there && (m.Data != nil && !r.Generate.Synchronize || sameBody(before.value, value)) {
		return
	}
	at := r.origin()
	text, lines := load.Written(value, func(path string) int {
		if path == "" || m.Data == nil {
			return at.Line
		}
		return r.policy.object.Line(m.path + ".data." + path)
	})
	c.generated++
	if c.bytes += len(text); c.generated > maxGenerated || c.bytes > maxBytes {
		c.mayGenerate(r, m, "netsim makes no more objects than it has")
		return
	}
	via := strings.TrimPrefix(at.Via+", Kyverno, generated for "+m.trigger.words(), ", ")
	c.run.Add(load.Output{Files: []load.File{{Name: at.File, Data: text, Replaces: there, Rendered: &load.Rendered{Via: via, Lines: lines}}}})
	origin := model.Origin{File: at.File, Line: at.Line, Kind: t.kind, Namespace: t.namespace, Name: t.name, Via: via}
	made := &object{Object: &model.Object{Origin: origin, APIVersion: t.apiVersion}, value: value}
	c.byID[t.id()] = made
	c.objects = append(c.objects, made)
}

// words name an object in a sentence.
func (o *object) words() string {
	if o.isNamespace() {
		return "namespace " + o.Origin.Name
	}
	return o.Origin.ID()
}

// sameBody says whether two objects say the same, whatever their metadata.
func sameBody(a, b map[string]any) bool { return reflect.DeepEqual(body(a), body(b)) }

func body(value map[string]any) map[string]any {
	left := maps.Clone(value)
	delete(left, "metadata")
	delete(left, "status")
	return left
}

// mayGenerate notes that a rule may make something, and in which namespace. No
// verdict hangs on what says nothing of what is allowed.
func (c *cluster) mayGenerate(r *rule, m made, why string) {
	t, err := m.target()
	if err == nil && !r.Generate.Synchronize {
		if _, there := c.byID[t.id()]; there && t.name != "" {
			return
		}
	}
	kinds := []string{m.Kind}
	for _, text := range m.CloneList.Kinds {
		_, kind := splitKind(text)
		kinds = append(kinds, kind)
	}
	kinds = slices.DeleteFunc(kinds, func(kind string) bool { return kind == "" })
	open := slices.ContainsFunc(kinds, func(kind string) bool { return strings.Contains(kind, "{{") })
	quiet := !open && !slices.ContainsFunc(kinds, isPolicyKind)
	nodes := open || slices.Contains(kinds, clusterwide)
	may := "generate " + strings.TrimSpace(strings.Join(kinds, ", ")+" "+m.Name)
	c.concerns.add(concern{origin: r.origin(), title: r.title(), may: may, why: why, nodes: nodes, quiet: quiet}, t.namespace)
}
