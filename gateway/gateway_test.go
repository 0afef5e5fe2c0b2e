package gateway_test

import (
	"net/url"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/netsim-dev/netsim/gateway"
	"github.com/netsim-dev/netsim/internal/manifest"
	"github.com/netsim-dev/netsim/model"
)

// load reads files of testdata into a table.
func load(t *testing.T, names ...string) (*gateway.Table, []model.Issue) {
	t.Helper()
	var files []manifest.File
	for _, name := range names {
		data, err := os.ReadFile("testdata/" + name)
		require.NoError(t, err)
		files = append(files, manifest.File{Name: name, Data: data})
	}
	cluster, _ := manifest.Load(files)
	return gateway.New(model.NewIndex(cluster), gateway.Settings{})
}

// ask parses "METHOD URL [Header: value]...", the fields separated by "; ".
func ask(t *testing.T, text string) gateway.Request {
	t.Helper()
	parts := strings.Split(text, "; ")
	method, link, _ := strings.Cut(parts[0], " ")
	u, err := url.Parse(link)
	require.NoError(t, err)
	port, _ := strconv.Atoi(u.Port())
	if port == 0 {
		port = map[string]int{gateway.HTTP: 80, gateway.HTTPS: 443}[u.Scheme]
	}
	r := gateway.Request{Scheme: u.Scheme, Host: u.Host, Port: uint16(port), Method: method, Path: u.RequestURI()}
	for _, h := range parts[1:] {
		name, value, _ := strings.Cut(h, ": ")
		r.Headers = append(r.Headers, gateway.Header{Name: name, Value: value})
	}
	return r
}

// outcome is what becomes of a request, in few words.
func outcome(d gateway.Decision) string {
	switch {
	case d.Unknown != "":
		return "unknown"
	case d.Sees != "":
		return string(d.Sees)
	case d.Location != "":
		return strconv.Itoa(d.Status) + " " + d.Location
	case d.Status != 0:
		return strconv.Itoa(d.Status)
	}
	var names []string
	for _, b := range d.Backends {
		name := b.Ref()
		if b.Status != 0 {
			name = strconv.Itoa(b.Status)
		}
		names = append(names, name)
	}
	return strings.Join(names, " or ")
}

func decide(t *testing.T, table *gateway.Table, ref, request string) gateway.Decision {
	t.Helper()
	for _, g := range table.Gateways() {
		if g.Ref() == ref {
			return table.Decide(g, ask(t, request))
		}
	}
	t.Fatalf("no gateway %s", ref)
	return gateway.Decision{}
}

func TestRoutes(t *testing.T) {
	table, issues := load(t, "routes.yaml")
	require.Empty(t, issues)
	for _, row := range []struct{ name, request, want, why string }{
		{"a path under the longest prefix", "GET http://shop.example.com/cart/items", "shop/svc/cart:80", "prefix /cart"},
		{"a prefix means whole elements", "GET http://shop.example.com/cartwheel", "shop/svc/web:80", "prefix /"},
		{"an exact path goes before a longer prefix", "GET http://shop.example.com/cart/status", "shop/svc/status:80", "exactly /cart/status"},
		{"a method goes before headers", "POST http://shop.example.com/cart; x-beta: yes; x-two: 2", "shop/svc/orders:80", "with POST"},
		{"headers count", "GET http://shop.example.com/cart; X-Beta: yes; X-Two: 2", "shop/svc/beta:80", "x-two"},
		{"all headers must be there", "GET http://shop.example.com/cart; X-Beta: yes", "shop/svc/cart:80", "prefix /cart"},
		{"a query parameter", "GET http://shop.example.com/?page=2", "shop/svc/paged:80", "query page=2"},
		{"the first value of a parameter counts", "GET http://shop.example.com/?page=1&page=2", "shop/svc/web:80", "prefix /"},
		{"the older of two equal routes", "GET http://twice.example.com/", "shop/svc/cart:80", "shop/z-older"},
		{"equal ages go by name", "GET http://same.example.com/", "shop/svc/cart:80", "shop/a-name"},
		{"an exact host, without a rule for the path, hides the wildcard", "GET http://exact.wild.example.com/other", "404", "prefix /only"},
		{"a wildcard stands for several labels", "GET http://a.b.wild.example.com/", "shop/svc/web:80", "shop/wild"},
		{"a wildcard does not stand for none", "GET http://wild.example.com/", "404", "no route has a hostname for wild.example.com"},
		{"hosts have no case", "GET http://SHOP.example.com/cart", "shop/svc/cart:80", ""},
		{"the port is no part of the host", "GET http://shop.example.com:80/cart", "shop/svc/cart:80", ""},
		{"an expression for a part of the path, which is up to the implementation", "GET http://regex.example.com/v12/x", "unknown", ""},
		{"an expression for no part of it", "GET http://regex.example.com/w12", "shop/svc/web:80", "prefix /"},
		{"an expression", "GET http://regex.example.com/v12", "shop/svc/cart:80", "expression"},
		{"an expression that nobody reads", "GET http://broken.example.com/", "unknown", ""},
		{"a listener for another port", "GET http://shop.example.com:81/", "refused", "no listener of Gateway edge/edge has port 81"},
		{"plain text to a TLS port", "GET http://shop.example.com:443/", "reset", "speaks HTTPS"},
		{"a name that no TLS listener has", "GET https://else.example.org/", "reset", "no listener on port 443 has a hostname for else.example.org"},
		{"a TLS listener by name", "GET https://shop.example.com/", "shop/svc/web:80", ""},
		{"the narrower listener takes it, and has no route", "GET https://own.example.com/", "404", "no route is attached"},
		{"a listener whose Secret is elsewhere", "GET https://secret.example.com/", "reset", "no ReferenceGrant in namespace certificates"},
		{"listeners that conflict", "GET http://shop.example.com:8080/", "refused", "they conflict"},
		{"a parent on another section", "GET http://section.example.com/", "404", "its parentRefs name no listener http on port 80"},
		{"a parent on that section", "GET https://section.example.com/", "shop/svc/web:80", ""},
		{"a parent on another port", "GET http://port.example.com/", "404", "its parentRefs name no listener http on port 80"},
		{"a namespace that the listener does not take", "GET http://stray.example.com/", "404", "the labels of namespace stray do not satisfy the selector"},
		{"a kind that the listener does not take", "POST http://grpc.example.com/a.B/C", "404", "takes no GRPCRoute"},
		{"a backend in another namespace", "GET http://cross.example.com/", "500", "no ReferenceGrant in namespace other lets an HTTPRoute of namespace shop use Service other/secret"},
		{"the same with a grant", "GET http://granted.example.com/", "other/svc/open:80", ""},
		{"a grant for another name", "GET http://misgranted.example.com/", "500", "no ReferenceGrant"},
		{"a Service that is not there", "GET http://gone.example.com/", "500", "Service shop/gone is in no file"},
		{"another kind", "GET http://kind.example.com/", "500", "which is no Service"},
		{"the container's port", "GET http://port-8080.example.com/", "500", "Service shop/web has no port 8080: it has 80"},
		{"no backends", "GET http://none.example.com/", "500", "has no backend with a weight"},
		{"a weight of zero", "GET http://weight.example.com/", "shop/svc/web:80", ""},
		{"half of it is no good", "GET http://half.example.com/", "shop/svc/web:80 or 500", ""},
		{"a redirect to https", "GET http://redirect.example.com/a?b=c", "301 https://redirect.example.com/a?b=c", "redirects"},
		{"a redirect to a port", "GET http://redirect-port.example.com/old/a", "302 http://redirect-port.example.com:8443/new/a", ""},
	} {
		t.Run(row.name, func(t *testing.T) {
			d := decide(t, table, "edge/edge", row.request)
			assert.Equal(t, row.want, outcome(d), d.Why)
			assert.Contains(t, d.Why, row.why)
			assert.Empty(t, d.Conditions)
		})
	}
}

func TestEveryRefusalNamesItsPlace(t *testing.T) {
	table, _ := load(t, "routes.yaml")
	for _, request := range []string{
		"GET http://gone.example.com/", "GET http://stray.example.com/", "GET http://shop.example.com:81/",
		"GET https://secret.example.com/", "GET http://exact.wild.example.com/other", "GET http://nobody.example.com/",
	} {
		d := decide(t, table, "edge/edge", request)
		if assert.NotEmpty(t, d.By, request) {
			assert.NotZero(t, d.By[0].Line, request)
		}
	}
	d := decide(t, table, "edge/edge", "GET http://cross.example.com/")
	assert.Equal(t, "rules[0].backendRefs[0]", d.By[0].Rule)
	assert.Equal(t, "add a ReferenceGrant in namespace other, from HTTPRoute in shop to Services", d.Hint)
}

func TestFiltersChangeWhatTheBackendGets(t *testing.T) {
	table, _ := load(t, "routes.yaml")
	d := decide(t, table, "edge/edge", "GET http://rewrite.example.com/old/a?b=c; X-Drop: 1; X-Keep: 2")
	require.Len(t, d.Backends, 1)
	forward := d.Backends[0].Forward
	assert.Equal(t, "inner.example.com", forward.Host)
	assert.Equal(t, "/new/a?b=c", forward.Path)
	assert.Equal(t, []gateway.Header{{Name: "X-Keep", Value: "2"}, {Name: "X-Set", Value: "3"}}, forward.Headers)
}

func TestStreams(t *testing.T) {
	table, _ := load(t, "routes.yaml")
	for _, row := range []struct{ name, request, want string }{
		{"TLS by the server's name", "GET https://through.example.com:8443/", "shop/svc/web:80"},
		{"TLS for nobody", "GET https://nobody.example.com:8443/", "reset"},
		{"TCP, whatever it says", "GET http://nobody.example.com:5432/", "shop/svc/cart:80"},
	} {
		t.Run(row.name, func(t *testing.T) {
			d := decide(t, table, "edge/edge", row.request)
			assert.Equal(t, row.want, outcome(d), d.Why)
			assert.True(t, d.Raw)
		})
	}
}

func TestGRPC(t *testing.T) {
	table, _ := load(t, "routes.yaml")
	for _, row := range []struct{ name, request, want string }{
		{"service and method", "POST http://calls.example.com/a.B/C", "shop/svc/cart:80"},
		{"the service", "POST http://calls.example.com/a.B/D", "shop/svc/web:80"},
		{"the service goes before the method", "POST http://calls.example.com/a.B/Ping", "shop/svc/web:80"},
		{"the method alone", "POST http://calls.example.com/x.Y/Ping", "shop/svc/beta:80"},
		{"neither", "POST http://calls.example.com/x.Y/Z", "404"},
	} {
		t.Run(row.name, func(t *testing.T) {
			d := decide(t, table, "edge/calls", row.request)
			assert.Equal(t, row.want, outcome(d), d.Why)
		})
	}
}

func TestIngresses(t *testing.T) {
	table, issues := load(t, "ingress.yaml")
	require.Empty(t, issues)
	for _, row := range []struct{ name, class, request, want string }{
		{"the longest path", "nginx", "GET http://shop.example.com/cart/1", "shop/svc/cart:80"},
		{"a prefix means whole elements", "nginx", "GET http://shop.example.com/cartwheel", "shop/svc/web:80"},
		{"an exact path", "nginx", "GET http://shop.example.com/status", "shop/svc/status:80"},
		{"an exact path is exact", "nginx", "GET http://shop.example.com/status/", "shop/svc/web:80"},
		{"a port by name", "nginx", "GET http://shop.example.com/named", "shop/svc/cart:80"},
		{"a wildcard stands for one label", "nginx", "GET http://a.wild.example.com/", "shop/svc/web:80"},
		{"and not for two", "nginx", "GET http://a.b.wild.example.com/", "shop/svc/default:80"},
		{"whatever nobody has", "nginx", "GET http://nobody.example.com/", "shop/svc/default:80"},
		{"characters for nginx", "nginx", "GET http://loose.example.com/apis", "shop/svc/cart:80"},
		{"an expression for Cilium", "shop/loose-cilium", "GET http://loose.example.com/apis", "404"},
		{"and the whole of it", "shop/loose-cilium", "GET http://loose.example.com/api", "shop/svc/cart:80"},
		{"http where there is TLS", "nginx", "GET http://secure.example.com/a", "308 https://secure.example.com/a"},
		{"https", "nginx", "GET https://secure.example.com/a", "shop/svc/web:80"},
		{"http where an annotation wants it", "nginx", "GET http://plain.example.com/a", "shop/svc/web:80"},
	} {
		t.Run(row.name, func(t *testing.T) {
			d := decide(t, table, row.class, row.request)
			assert.Equal(t, row.want, outcome(d), d.Why)
		})
	}
}

func TestAnnotationsThatNobodyReadsAreConditions(t *testing.T) {
	table, _ := load(t, "ingress.yaml")
	d := decide(t, table, "nginx", "GET http://annotated.example.com/")
	assert.Equal(t, []string{"the annotation nginx.ingress.kubernetes.io/rewrite-target of Ingress shop/annotated, which netsim does not read, changes nothing for this request"}, d.Conditions)
}

func TestControllers(t *testing.T) {
	table, _ := load(t, "controllers.yaml")
	got := map[string]string{}
	for _, g := range table.Gateways() {
		plane := table.DataPlane(g)
		text := g.Controller.Name + ": "
		if plane.Service != nil {
			text += plane.Service.Namespace + "/" + plane.Service.Name
			assert.Same(t, g, table.ServedBy(plane.Service))
		} else {
			text += plane.Why
		}
		if agent := table.Agent(g); agent != nil {
			text += ", agent to " + agent.Service.Namespace + "/" + agent.Service.Name + ":" + strconv.Itoa(int(agent.Port))
		}
		got[g.Ref()] = text
	}
	assert.Equal(t, map[string]string{
		"edge/made":     "NGINX Gateway Fabric: edge/made-nginx, agent to nginx-gateway/nginx-gateway:443",
		"edge/labelled": "NGINX Gateway Fabric: edge/other-name, agent to nginx-gateway/nginx-gateway:443",
		"edge/absent":   "NGINX Gateway Fabric: NGINX Gateway Fabric makes Deployment and Service edge/absent-nginx, and no file holds them, agent to nginx-gateway/nginx-gateway:443",
		"edge/envoy":    "Cilium: edge/cilium-gateway-envoy",
		"edge/istio":    "istio.io/gateway-controller: edge/istio-istio",
		"edge/unknown":  "a controller that no file names: no Service in namespace edge has the label gateway.networking.k8s.io/gateway-name: unknown",
		"nginx-ingress": "ingress-nginx: ingress-nginx/ingress-nginx-controller",
	}, got)
}

func TestWhatCannotBeReadIsSaid(t *testing.T) {
	table, issues := load(t, "unreadable.yaml")
	require.Len(t, issues, 1)
	assert.Contains(t, issues[0].String(), "unreadable.yaml:11: error: HTTPRoute edge/bad is no good")
	d := decide(t, table, "edge/edge", "GET http://a.example.com/")
	assert.Equal(t, []string{"HTTPRoute edge/bad (unreadable.yaml:11), which cannot be read, says nothing of this request"}, d.Conditions)
}
