package render_test

import (
	"encoding/json"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/netsim-dev/netsim/internal/render"
	"github.com/netsim-dev/netsim/model"
	"github.com/netsim-dev/netsim/sim"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// TestAnswer renders each testdata/NAME.json into NAME.txt beside it.
func TestAnswer(t *testing.T) {
	for _, name := range answers(t) {
		t.Run(name, func(t *testing.T) {
			text := answerText(t, load(t, name), render.TextOptions{})
			golden(t, filepath.Join("testdata", name+".txt"), text)
			assert.NotContains(t, text, " \n", "trailing spaces")
		})
	}
}

func TestAnswerFitsTheWidth(t *testing.T) {
	for _, name := range answers(t) {
		for _, width := range []int{40, 60, 80, 100, 120} {
			text := answerText(t, load(t, name), render.TextOptions{Width: width, Verbose: true})
			for _, line := range strings.Split(text, "\n") {
				if strings.HasSuffix(line, " CiliumClusterwideNetworkPolicy") {
					continue // one word, and longer than the narrowest page
				}
				assert.LessOrEqual(t, utf8.RuneCountInString(line), width, "%s: %q", name, line)
			}
		}
	}
}

func TestNarrowAnswerLosesNoWord(t *testing.T) {
	for _, name := range answers(t) {
		wide := answerText(t, load(t, name), render.TextOptions{Width: 120})
		narrow := answerText(t, load(t, name), render.TextOptions{Width: 40})
		assert.Equal(t, letters(wide), letters(narrow), name)
	}
}

func TestColorChangesNothingButColor(t *testing.T) {
	for _, name := range answers(t) {
		plain := answerText(t, load(t, name), render.TextOptions{})
		colored := answerText(t, load(t, name), render.TextOptions{Color: true})
		assert.Contains(t, colored, "\x1b[")
		for _, code := range []string{"0", "1", "2", "1;31", "1;32", "1;33"} {
			colored = strings.ReplaceAll(colored, "\x1b["+code+"m", "")
		}
		assert.Equal(t, plain, colored, name)
	}
}

func TestVerboseWritesAssumptionsInFull(t *testing.T) {
	a := load(t, "issues-and-conditions")
	brief := answerText(t, a, render.TextOptions{})
	assert.Contains(t, brief, "3 assumptions")
	assert.NotContains(t, brief, "node worker is in no file")
	full := answerText(t, a, render.TextOptions{Verbose: true})
	assert.Contains(t, full, "node worker is in no file")
	assert.NotContains(t, full, "assumptions")
}

func TestControlCharactersNeverReachTheTerminal(t *testing.T) {
	a := load(t, "denied-by-default-deny")
	a.From.Ref = "dev/pod/\x1b[2Ja"
	a.Paths[0].Steps[0].Why = "line one\nline two\x07 \u202eback"
	a.Paths[0].Steps[2].By[0].Name = "b\x1b]0;"
	text := answerText(t, a, render.TextOptions{})
	assert.NotContains(t, text, "\x1b")
	assert.NotContains(t, text, "\x07")
	assert.NotContains(t, text, "\u202e")
	assert.Contains(t, text, "line one line two")
}

func TestEmptyAnswerIsUndetermined(t *testing.T) {
	text := answerText(t, &sim.Answer{}, render.TextOptions{})
	assert.True(t, strings.HasPrefix(text, "undetermined"), text)
}

func TestAnswerReturnsTheWritersError(t *testing.T) {
	err := render.Answer(failing{}, load(t, "no-endpoints"), render.TextOptions{})
	require.ErrorIs(t, err, errFull)
}

func TestClientSeesWords(t *testing.T) {
	for _, row := range []struct {
		verdict  model.Verdict
		protocol model.Protocol
		sees     model.ClientSees
		want     string
	}{
		{model.Allowed, model.TCP, model.SeesOpen, "the connection opens"},
		{model.Allowed, model.UDP, model.SeesOpen, "a reply comes back"},
		{model.Denied, model.TCP, model.SeesTimeout, "the connection times out"},
		{model.Denied, model.ICMP, model.SeesTimeout, "no reply comes"},
		{model.Denied, model.TCP, model.SeesRefused, "the connection is refused"},
		{model.Denied, model.TCP, model.SeesHTTP403, "HTTP 403"},
		{model.Denied, model.TCP, model.SeesDNSTimeout, "the name lookup times out"},
		{model.Denied, model.UDP, model.SeesDNSRefused, "the name lookup is refused"},
		{model.Denied, model.TCP, "", "not on every path alike"},
		{model.Undetermined, model.TCP, "", "these files cannot tell"},
	} {
		a := &sim.Answer{Verdict: row.verdict, ClientSees: row.sees, To: sim.Target{Protocol: row.protocol}}
		first, _, _ := strings.Cut(answerText(t, a, render.TextOptions{}), "\n")
		assert.Contains(t, first, row.want)
		assert.True(t, strings.HasPrefix(first, row.verdict.String()), first)
	}
}

func answers(t *testing.T) []string {
	t.Helper()
	files, err := filepath.Glob("testdata/*.json")
	require.NoError(t, err)
	require.GreaterOrEqual(t, len(files), 8)
	for i, file := range files {
		files[i] = strings.TrimSuffix(filepath.Base(file), ".json")
	}
	return files
}

func load(t *testing.T, name string) *sim.Answer {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", name+".json"))
	require.NoError(t, err)
	a := &sim.Answer{}
	require.NoError(t, json.Unmarshal(text, a))
	return a
}

func answerText(t *testing.T, a *sim.Answer, opt render.TextOptions) string {
	t.Helper()
	var text strings.Builder
	require.NoError(t, render.Answer(&text, a, opt))
	return text.String()
}

func golden(t *testing.T, file, got string) {
	t.Helper()
	if *update {
		require.NoError(t, os.WriteFile(file, []byte(got), 0o644))
	}
	want, err := os.ReadFile(file)
	require.NoError(t, err, "run the test with -update to write it")
	require.Equal(t, strings.ReplaceAll(string(want), "\r\n", "\n"), got)
}

// letters is text without the blanks that layout adds.
func letters(text string) string { return strings.Join(strings.Fields(text), "") }

var errFull = errors.New("disk full")

type failing struct{}

func (failing) Write([]byte) (int, error) { return 0, errFull }
