package engine_test

import (
	"bufio"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/netsim-dev/netsim/model"
)

// modesCase is a line of testdata/auth-modes.txt.
type modesCase struct {
	rules []string
	// want is what each release asks of modesPackets, one letter each.
	want [4]string
}

var (
	modesVersions = [4]string{"1.16.19", "1.18.4", "1.19.4", "1.20.2"}
	modesPackets  = []string{"dev/client %s 80", "dev/client %s 81", "dev/local %s 80", "dev/local %s 81", "node/w2 %s 80", "node/w2 %s 81"}
)

// TestModesCombineAsInEachRelease holds what netsim makes of rules with and
// without an authentication mode against what the policy code of four releases
// made of them. Each case has a server of its own, so that one Engine judges
// them all.
func TestModesCombineAsInEachRelease(t *testing.T) {
	cases := readModes(t)
	var documents strings.Builder
	for i, c := range cases {
		documents.WriteString(podWithPort(fmt.Sprint("s", i), fmt.Sprintf("10.244.%d.%d", 4+i/200, 1+i%200), 80))
		for j, rule := range c.rules {
			documents.WriteString(cnp(fmt.Sprintf("s%d-%d", i, j), fmt.Sprintf("endpointSelector: {matchLabels: {app: s%d}}, ingress: [%s]", i, modesRule(t, rule))))
		}
	}
	text := strings.ReplaceAll(documents.String(), "nodeName: w1", "nodeName: w2")
	for v, version := range modesVersions {
		t.Run(version, func(t *testing.T) {
			s := load(t, "mesh-auth-enabled=false version="+version, text)
			open, total := 0, 0
			for i, c := range cases {
				for p, packet := range modesPackets {
					step := s.judge("ingress " + fmt.Sprintf(packet, fmt.Sprint("dev/s", i)))
					total++
					switch want := c.letter(v, p); {
					case want == 'c':
						assert.Contains(t, step.Why, "cannot merge conflicting", "%v", c.rules)
					case want == '?':
						assert.NotEqual(t, model.Allowed, step.Verdict, "%v %s: %s", c.rules, packet, step.Why)
					case step.Verdict == model.Undetermined:
						open++
					case want == '2' && modeIn(step) == "1":
						// Either holds, and both deny: the first is told.
					default:
						assert.Equal(t, string(want), modeIn(step), "%v %s: %s", c.rules, packet, step.Why)
					}
				}
			}
			t.Logf("%d packets, %d left open", total, open)
			assert.Less(t, open, total/8, "netsim leaves too much open")
		})
	}
}

func (c modesCase) letter(version, packet int) byte {
	if c.want[version] == "conflict" {
		return 'c'
	}
	return c.want[version][packet]
}

// modeIn is the letter for what a step comes to.
func modeIn(step model.Step) string {
	switch outcome(step) {
	case allowed:
		return "0"
	case denied:
		return "-"
	case unauthentic:
		if strings.Contains(step.Why, "test-always-fail") {
			return "2"
		}
		return "1"
	default:
		return outcome(step)
	}
}

func readModes(t *testing.T) []modesCase {
	t.Helper()
	f, err := os.Open("testdata/auth-modes.txt")
	require.NoError(t, err)
	defer f.Close()
	var cases []modesCase
	for scanner := bufio.NewScanner(f); scanner.Scan(); {
		if strings.HasPrefix(scanner.Text(), "#") {
			continue
		}
		words := strings.Fields(strings.ReplaceAll(scanner.Text(), " + ", "+"))
		require.Len(t, words, 1+len(modesVersions), scanner.Text())
		cases = append(cases, modesCase{strings.Split(words[0], "+"), [4]string(words[1:])})
	}
	require.NotEmpty(t, cases)
	return cases
}

// modesRule writes "PEERS[:80[/http]][=MODE]" as an ingress rule.
func modesRule(t *testing.T, text string) string {
	t.Helper()
	text, mode, explicit := strings.Cut(text, "=")
	peers, port, hasPort := strings.Cut(text, ":")
	fields := map[string]string{
		"anybody": "", "client": "fromEndpoints: [{matchLabels: {app: client}}]", "front": "fromEndpoints: [{matchLabels: {tier: front}}]",
		"all": "fromEntities: [all]", "host": "fromEntities: [host]", "cluster": "fromEntities: [cluster]",
	}
	list := []string{}
	require.Contains(t, fields, peers)
	if fields[peers] != "" {
		list = append(list, fields[peers])
	}
	ports := `ports: [{port: "80", protocol: TCP}]`
	if strings.HasSuffix(port, "/http") {
		ports += `, rules: {http: [{method: GET}]}`
	}
	if hasPort {
		list = append(list, "toPorts: [{"+ports+"}]")
	}
	if explicit {
		list = append(list, "authentication: {mode: "+mode+"}")
	}
	return "{" + strings.Join(list, ", ") + "}"
}
