package manifest

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"sigs.k8s.io/yaml"
)

// encoded is our JSON of the first document of a text.
func encoded(text string) (string, error) {
	nodes, syntax := parse([]byte(text))
	if syntax != nil || len(nodes) == 0 {
		return "", assert.AnError
	}
	e := &encoder{resolver: newResolver(), borrowed: new(int)}
	err := e.whole(nodes[0])
	return string(e.out), err
}

func TestScalarsAndMergesAreReadAsKubectlReadsThem(t *testing.T) {
	for _, text := range []string{
		"a: yes", "a: No", "a: on", "a: y", "a: n", "a: 'yes'", "a: \"no\"", "a: ~", "a:", "a: Null", "a: TRUE",
		"a: 1", "a: 0777", "a: 0o17", "a: 0x1F", "a: 0b101", "a: -0b11", "a: 1_000", "a: +1", "a: -", "a: 18446744073709551615",
		"a: 99999999999999999999", "a: 1.5", "a: .5", "a: 1e3", "a: 1.", "a: -1.25e-7", "a: 1:30", "a: 2001-01-01",
		"a: 1.2.3", "a: 10.0.0.1", "a: 100m", "a: .", "a: v1", "a: 2026-01-02T03:04:05Z",
		"1: a\ntrue: b\n1.5: c\n0x10: d\nyes: e", "{a: b, c: [1, two, [3]]}", `{"a": "x\u00e9\n"}`,
		"a: !!str 1", "a: !!int \"3\"", "a: !!float 1", "a: !!bool \"yes\"", "a: !!binary aGVsbG8=", "a: !custom 5",
		"a: |\n  yes\n  no\nb: >\n  folded\n  text", "x: &x {a: 1, b: 2}\ny: {<<: *x, b: 3}", "x: &x {b: 2}\ny: {b: 3, <<: *x}",
		"x: &x {a: 1}\nz: &z {a: 2, c: 3}\ny:\n  <<: [*x, *z]\n  d: 4", "a: &a [1, *b]\n", "a: &k key\n*k : value",
		"- 1\n- a: b\n- null\n- - x", "\"<<\": plain", "a: \"\\u2028 <&>\"", "? a\n: b", "a: 0.1e+3", "a: 1__0",
		"a: {}\nb: []\nc: ''", "a: ünïcode", "a: NaN", "é: 1",
	} {
		t.Run(text, func(t *testing.T) {
			ours, ourErr := encoded(text)
			theirs, theirErr := yaml.YAMLToJSON([]byte(text))
			if theirErr != nil {
				require.Error(t, ourErr)
				return
			}
			require.NoError(t, ourErr)
			assert.JSONEq(t, string(theirs), ours)
		})
	}
}

func TestWhatJSONCannotHoldIsAnError(t *testing.T) {
	for name, text := range map[string]string{
		"not a number":      "a: .nan",
		"infinity":          "a: .inf",
		"null as a key":     "~: a",
		"a list as a key":   "? [a]\n: b",
		"merge of a scalar": "<<: 1",
	} {
		t.Run(name, func(t *testing.T) {
			_, err := encoded(text)
			require.Error(t, err)
		})
	}
}

func TestJSONIsReadAsJSON(t *testing.T) {
	for name, text := range map[string]string{
		"tabs":            "{\n\t\"a\": [\n\t\t1,\n\t\ttrue, null, -1.50e3]\n}",
		"surrogate pairs": `{"a": "\ud83d\ude00"}`,
		"empty things":    `{"a": {}, "b": [], "": ""}`,
		"strings only":    `{"<<": "yes", "a": "1"}`,
	} {
		t.Run(name, func(t *testing.T) {
			ours, err := encoded(text)
			require.NoError(t, err)
			assert.JSONEq(t, text, ours)
		})
	}
}

func TestOfTwoEqualKeysTheLastWins(t *testing.T) {
	var told []string
	e := &encoder{resolver: newResolver(), borrowed: new(int), twice: func(key string, line int) {
		told = append(told, key)
		assert.Equal(t, 3, line)
	}}
	nodes, syntax := parse([]byte("a: 1\nb: 2\na: 3"))
	require.Nil(t, syntax)
	require.NoError(t, e.whole(nodes[0]))
	assert.Equal(t, `{"a":3,"b":2}`, string(e.out))
	assert.Equal(t, []string{"a"}, told)
}

func TestEncodedJSONIsValid(t *testing.T) {
	out, err := encoded("a: \"quote \\\" back \\\\ tab \\t\"\n\"key\\n\": \u00fc")
	require.NoError(t, err)
	assert.True(t, json.Valid([]byte(out)), out)
}
