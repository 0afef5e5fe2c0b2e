package terraform

import (
	"fmt"
	"maps"
	"path"
	"regexp"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/ext/tryfunc"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function"
	"github.com/zclconf/go-cty/cty/function/stdlib"
	ctyjson "github.com/zclconf/go-cty/cty/json"
	"sigs.k8s.io/yaml"

	"github.com/netsim-dev/netsim/internal/manifest"
)

// plainFunctions are those of Terraform that look at nothing but their arguments,
// and make of them nothing much larger.
func plainFunctions() map[string]function.Function {
	return map[string]function.Function{
		"abs": stdlib.AbsoluteFunc, "can": tryfunc.CanFunc, "ceil": stdlib.CeilFunc,
		"chomp": stdlib.ChompFunc, "coalesce": stdlib.CoalesceFunc, "coalescelist": stdlib.CoalesceListFunc,
		"compact": stdlib.CompactFunc, "concat": stdlib.ConcatFunc, "contains": stdlib.ContainsFunc,
		"distinct": stdlib.DistinctFunc, "element": stdlib.ElementFunc, "flatten": stdlib.FlattenFunc,
		"floor": stdlib.FloorFunc, "format": limited(stdlib.FormatFunc), "formatlist": limited(stdlib.FormatListFunc),
		"index": stdlib.IndexFunc, "join": stdlib.JoinFunc, "jsondecode": stdlib.JSONDecodeFunc, "jsonencode": stdlib.JSONEncodeFunc,
		"keys": stdlib.KeysFunc, "length": stdlib.LengthFunc, "lookup": stdlib.LookupFunc, "lower": stdlib.LowerFunc,
		"max": stdlib.MaxFunc, "merge": stdlib.MergeFunc, "min": stdlib.MinFunc, "nonsensitive": sameFunction(),
		"regex": stdlib.RegexFunc, "regexall": stdlib.RegexAllFunc, "reverse": stdlib.ReverseListFunc, "sensitive": sameFunction(),
		"setunion": stdlib.SetUnionFunc, "slice": stdlib.SliceFunc, "sort": stdlib.SortFunc, "split": stdlib.SplitFunc,
		"strrev": stdlib.ReverseFunc, "substr": stdlib.SubstrFunc, "title": stdlib.TitleFunc,
		"tobool": stdlib.MakeToFunc(cty.Bool), "tolist": stdlib.MakeToFunc(cty.List(cty.DynamicPseudoType)),
		"tomap": stdlib.MakeToFunc(cty.Map(cty.DynamicPseudoType)), "tonumber": stdlib.MakeToFunc(cty.Number),
		"toset": stdlib.MakeToFunc(cty.Set(cty.DynamicPseudoType)), "tostring": stdlib.MakeToFunc(cty.String),
		"trim": stdlib.TrimFunc, "trimprefix": stdlib.TrimPrefixFunc, "trimspace": stdlib.TrimSpaceFunc, "trimsuffix": stdlib.TrimSuffixFunc,
		"try": tryfunc.TryFunc, "upper": stdlib.UpperFunc, "values": stdlib.ValuesFunc, "yamldecode": yamlDecode(),
		"yamlencode": stdlib.JSONEncodeFunc, // JSON is YAML
		"zipmap":     stdlib.ZipmapFunc,
		"basename":   pathFunction(path.Base), "dirname": pathFunction(path.Dir),
	}
}

// functions are all that the expressions of a module may call.
func (m *module) functions() map[string]function.Function {
	all := maps.Clone(plainFunctions())
	all["file"] = textFunction(m.fileText)
	all["fileexists"] = function.New(&function.Spec{
		Params: []function.Parameter{{Name: "path", Type: cty.String}}, Type: function.StaticReturnType(cty.Bool),
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			return cty.BoolVal(m.run.Exists(m.fileName(args[0].AsString()))), nil
		},
	})
	all["templatefile"] = function.New(&function.Spec{
		Params: []function.Parameter{{Name: "path", Type: cty.String}, {Name: "vars", Type: cty.DynamicPseudoType}},
		Type:   function.StaticReturnType(cty.String),
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			at, err := m.template(args[0].AsString(), args[1])
			if err != nil {
				return cty.UnknownVal(cty.String), err
			}
			v, err := stdlib.MakeToFunc(cty.String).Call([]cty.Value{at.value()})
			return v, err
		},
	})
	all["find_in_parent_folders"] = function.New(&function.Spec{
		VarParam: &function.Parameter{Name: "name", Type: cty.String}, Type: function.StaticReturnType(cty.String),
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			base := terragruntFile
			if len(args) > 0 {
				base = args[0].AsString()
			}
			if name := m.parentFolder(m.dir, base); name != "" {
				return cty.StringVal(name), nil
			}
			return cty.UnknownVal(cty.String), fmt.Errorf("no directory above %s has a %s", m.dir, base)
		},
	})
	for _, name := range []string{"get_terragrunt_dir", "get_parent_terragrunt_dir"} {
		all[name] = function.New(&function.Spec{Type: function.StaticReturnType(cty.String), Impl: func([]cty.Value, cty.Type) (cty.Value, error) { return cty.StringVal(m.dir), nil }})
	}
	return all
}

// fileName is the file that an expression names: path.module leads here as
// files are named, and Terraform reads all else from where it runs, the module.
func (m *module) fileName(name string) string {
	if path.IsAbs(name) || m.run.Exists(name) && within(m.dir, name) {
		return path.Clean(name)
	}
	return path.Join(m.dir, name)
}

func within(dir, name string) bool {
	return dir != "." && len(path.Clean(name)) > len(dir) && path.Clean(name)[:len(dir)+1] == dir+"/"
}

func (m *module) fileText(name string) (string, error) {
	text, err := m.run.ReadFile(m.fileName(name))
	if err == nil && len(text) > maxFile {
		err = fmt.Errorf("%s is larger than %d MiB", name, maxFile>>20)
	}
	return string(text), err
}

// template is the text of a file as an expression, with the names that it gets.
func (m *module) template(name string, vars cty.Value) (place, error) {
	text, err := m.fileText(name)
	switch {
	case err != nil:
		return place{}, err
	case tooLarge([]byte(text)):
		return place{}, fmt.Errorf("%s is nested more than %d deep", name, maxNesting)
	}
	expr, problems := hclsyntax.ParseTemplate([]byte(text), m.fileName(name), hcl.InitialPos)
	if problems.HasErrors() {
		return place{}, problems
	}
	own := map[string]cty.Value{}
	if vars.IsKnown() && !vars.IsNull() && (vars.Type().IsObjectType() || vars.Type().IsMapType()) {
		own = vars.AsValueMap()
	}
	inner := m.newModule(m.dir)
	return place{inner, expr, position{m.fileName(name), 1}, own}, nil
}

// limited refuses the widths that make a few letters a gigabyte.
func limited(f function.Function) function.Function {
	wide := regexp.MustCompile(`%[^a-zA-Z%]*[0-9]{4,}|\*`)
	return function.New(&function.Spec{
		Params: f.Params(), VarParam: f.VarParam(),
		Type: func(args []cty.Value) (cty.Type, error) {
			if len(args) > 0 && isText(args[0]) && wide.MatchString(args[0].AsString()) {
				return cty.String, function.NewArgErrorf(0, "a width of more than three digits")
			}
			return f.ReturnTypeForValues(args)
		},
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) { return f.Call(args) },
	})
}

func textFunction(read func(string) (string, error)) function.Function {
	return function.New(&function.Spec{
		Params: []function.Parameter{{Name: "text", Type: cty.String}}, Type: function.StaticReturnType(cty.String),
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			text, err := read(args[0].AsString())
			return cty.StringVal(text), err
		},
	})
}

func pathFunction(of func(string) string) function.Function {
	return textFunction(func(name string) (string, error) { return of(name), nil })
}

// sameFunction gives back its argument.
func sameFunction() function.Function {
	return function.New(&function.Spec{
		Params: []function.Parameter{{Name: "value", Type: cty.DynamicPseudoType, AllowNull: true, AllowUnknown: true}},
		Type:   func(args []cty.Value) (cty.Type, error) { return args[0].Type(), nil },
		Impl:   func(args []cty.Value, _ cty.Type) (cty.Value, error) { return args[0], nil },
	})
}

// yamlDecode reads the first document of a text.
func yamlDecode() function.Function {
	decode := func(arg cty.Value) (cty.Value, error) {
		if err := manifest.CheckAliases([]byte(arg.AsString())); err != nil {
			return cty.DynamicVal, err
		}
		text, err := yaml.YAMLToJSON([]byte(arg.AsString()))
		if err != nil {
			return cty.DynamicVal, err
		}
		kind, err := ctyjson.ImpliedType(text)
		if err != nil {
			return cty.DynamicVal, err
		}
		return ctyjson.Unmarshal(text, kind)
	}
	return function.New(&function.Spec{
		Params: []function.Parameter{{Name: "text", Type: cty.String}},
		Type: func(args []cty.Value) (cty.Type, error) {
			if !args[0].IsKnown() {
				return cty.DynamicPseudoType, nil
			}
			v, err := decode(args[0])
			return v.Type(), err
		},
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) { return decode(args[0]) },
	})
}
