package engine_test

import (
	"encoding/json"
	"log/slog"
	"math/rand/v2"
	"regexp"
	"strings"
	"testing"

	envoypolicy "github.com/cilium/cilium/pkg/envoy/policy"
	"github.com/cilium/cilium/pkg/policy/api"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/netsim-dev/netsim/engine"
	"github.com/netsim-dev/netsim/model"
)

// TestHTTPRulesMatchAsEnvoyIsTold draws rules and requests, and compares with a
// reading of what Cilium writes into Envoy's configuration for the rules.
func TestHTTPRulesMatchAsEnvoyIsTold(t *testing.T) {
	rnd := rand.New(rand.NewPCG(3, 4))
	pick := func(of ...string) string { return of[rnd.IntN(len(of))] }
	translator := envoypolicy.NewEnvoyL7RulesTranslator(slog.New(slog.DiscardHandler), nil)
	outcomes := map[bool]int{}
	for range 60 {
		rules := make([]api.PortRuleHTTP, 1+rnd.IntN(2))
		for i := range rules {
			rules[i] = api.PortRuleHTTP{
				Method: pick("", "GET", "GET|POST", "P.*"), Path: pick("", "/", "/a.*", "/a|/b", "(?i)/A"), Host: pick("", "x[.]y", ".*"),
			}
			if rnd.IntN(3) == 0 {
				rules[i].Headers = []string{pick("X-A", "X-A: 1", "x-b:  2", "X-A:1")}
			}
			if rnd.IntN(3) == 0 {
				rules[i].HeaderMatches = []*api.HeaderMatch{{Name: pick("X-A", "X-B"), Value: pick("", "1")}}
			}
		}
		told, _ := translator.GetEnvoyHTTPRules(&api.L7Rules{HTTP: rules}, "")
		text, err := json.Marshal(rules)
		require.NoError(t, err)
		s := load(t, "", server(`ingress: [{toPorts: [{ports: [{port: "8080", protocol: TCP}], rules: {http: `+string(text)+`}}]}]`))
		for range 30 {
			request := get(pick("GET", "POST", "PUT")+" "+pick("/", "/a", "/A", "/b", "/a/b"), "Host: "+pick("x.y", "xzy"))
			for _, h := range []string{"X-A: 1", "x-b:  2", "X-B: 1"} {
				if name, value, _ := strings.Cut(h, ": "); rnd.IntN(2) == 0 {
					request.HTTP.Headers = append(request.HTTP.Headers, engine.Header{Name: name, Value: value})
				}
			}
			want := false
			for _, rule := range told.HttpRules {
				fits := true
				for _, m := range rule.GetHeaders() {
					value, sent := envoyHeader(request.HTTP, m.GetName())
					match := m.GetStringMatch()
					switch {
					case !sent:
						fits = false
					case match.GetSafeRegex() != nil:
						fits = fits && regexp.MustCompile("^(?:"+match.GetSafeRegex().GetRegex()+")$").MatchString(value)
					case match != nil:
						fits = fits && value == match.GetExact()
					}
				}
				want = want || fits
			}
			outcomes[want]++
			assert.Equal(t, want, s.request(toServer, request).Verdict == model.Allowed, "%s: %+v", text, request.HTTP)
		}
	}
	assert.Greater(t, min(outcomes[true], outcomes[false]), 200, "the drawing is lopsided")
}

// envoyHeader is a header as Envoy sees it, the request line among them.
func envoyHeader(r *engine.HTTPRequest, name string) (string, bool) {
	switch name {
	case ":method":
		return r.Method, true
	case ":path":
		return r.Path, true
	case ":authority":
		name = "Host"
	}
	var values []string
	for _, h := range r.Headers {
		if strings.EqualFold(h.Name, name) {
			values = append(values, h.Value)
		}
	}
	return strings.Join(values, ","), len(values) > 0
}
