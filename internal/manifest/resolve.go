package manifest

import (
	"math"
	"regexp"
	"strconv"
	"strings"
)

// resolver gives plain YAML scalars their values as kubectl does, that is by
// YAML 1.1: `yes` is true and 0777 is octal. Source: sigs.k8s.io/yaml v1.6.0
// YAMLToJSON, which resolves with go.yaml.in/yaml/v2 v2.4.4 resolve.go.
type resolver struct {
	words map[string]any
	float *regexp.Regexp
}

func newResolver() *resolver {
	r := &resolver{
		words: map[string]any{},
		float: regexp.MustCompile(`^[-+]?(\.\d+|\d+(\.\d*)?)([eE][-+]?\d+)?$`),
	}
	for _, row := range []struct {
		value any
		words string
	}{
		{true, "y Y yes Yes YES true True TRUE on On ON"},
		{false, "n N no No NO false False FALSE off Off OFF"},
		{nil, "~ null Null NULL"},
		{math.NaN(), ".nan .NaN .NAN"},
		{math.Inf(1), ".inf .Inf .INF +.inf +.Inf +.INF"},
		{math.Inf(-1), "-.inf -.Inf -.INF"},
	} {
		for word := range strings.FieldsSeq(row.words) {
			r.words[word] = row.value
		}
	}
	r.words[""] = nil
	return r
}

// value is nil, a bool, int64, uint64, float64 or string.
func (r *resolver) value(text string) any {
	if text != "" && !strings.ContainsRune("0123456789+-.~yYnNtTfFoO", rune(text[0])) {
		return text
	}
	if value, ok := r.words[text]; ok {
		return value
	}
	if !strings.ContainsRune("0123456789+-.", rune(text[0])) {
		return text
	}
	return r.number(text)
}

func (r *resolver) number(text string) any {
	if text[0] == '.' {
		if f, err := strconv.ParseFloat(text, 64); err == nil {
			return f
		}
		return text
	}
	plain := strings.ReplaceAll(text, "_", "")
	if i, err := strconv.ParseInt(plain, 0, 64); err == nil {
		return i
	}
	if u, err := strconv.ParseUint(plain, 0, 64); err == nil {
		return u
	}
	if r.float.MatchString(plain) {
		if f, err := strconv.ParseFloat(plain, 64); err == nil {
			return f
		}
	}
	return text
}

// keyText is a resolved scalar as the key of a JSON object; false for null,
// which cannot be one.
func keyText(value any) (string, bool) {
	switch v := value.(type) {
	case string:
		return v, true
	case bool:
		return strconv.FormatBool(v), true
	case int64:
		return strconv.FormatInt(v, 10), true
	case uint64:
		return strconv.FormatUint(v, 10), true
	case float64:
		return floatKey(v), true
	}
	return "", false
}

func floatKey(f float64) string {
	switch text := strconv.FormatFloat(f, 'g', -1, 32); text {
	case "+Inf":
		return ".inf"
	case "-Inf":
		return "-.inf"
	case "NaN":
		return ".nan"
	default:
		return text
	}
}
