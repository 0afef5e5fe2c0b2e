package helm

import (
	"regexp"
	"strings"

	"helm.sh/helm/v3/pkg/chart"
	"helm.sh/helm/v3/pkg/chartutil"
)

// chance are the functions of templates whose result is another each time.
var chance = regexp.MustCompile(`\b(rand[A-Z]\w*|uuidv4|gen[A-Z]\w*|shuffle|derivePassword|htpasswd|bcrypt|encryptAES|randInt|now|ago)\b`)

func usesChance(c *chart.Chart) bool {
	for _, t := range c.Templates {
		if chance.Match(t.Data) {
			return true
		}
	}
	for _, below := range c.Dependencies() {
		if usesChance(below) {
			return true
		}
	}
	return false
}

// settleChance makes a rendered chart the same each time: what a second run
// renders otherwise is the word "random", and templates that come to
// another number of lines come to nothing. Clocks that move on between two runs of
// netsim only are not seen.
func (l *reader) settleChance(c *chart.Chart, values chartutil.Values, rendered map[string]string) error {
	again, err := run(c, values)
	if err != nil {
		return err
	}
	for key, text := range rendered {
		if again[key] == text {
			continue
		}
		settled, ok := settle(text, again[key])
		if !ok {
			l.warn(l.fileOf(key), 1, "the template comes to other objects each time that it is rendered: it was left out", "pass what it came to in the cluster")
		}
		rendered[key] = settled
	}
	return nil
}

func settle(text, again string) (string, bool) {
	a, b := strings.Split(text, "\n"), strings.Split(again, "\n")
	if len(a) != len(b) {
		return "", false
	}
	for i := range a {
		if a[i] == b[i] {
			continue
		}
		a[i] = settleLine(a[i], b[i])
	}
	return strings.Join(a, "\n"), true
}

// settleLine puts a fixed word for the word that differs, or for all from the
// first that does to the last.
func settleLine(a, b string) string {
	start, end := 0, 0
	for start < min(len(a), len(b)) && a[start] == b[start] {
		start++
	}
	for end < min(len(a), len(b))-start && a[len(a)-1-end] == b[len(b)-1-end] {
		end++
	}
	for start > 0 && inWord(a[start-1]) {
		start--
	}
	for end > 0 && inWord(a[len(a)-end]) {
		end--
	}
	return a[:start] + "random" + a[len(a)-end:]
}

func inWord(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.IndexByte("+/=_.$-", c) >= 0
}
