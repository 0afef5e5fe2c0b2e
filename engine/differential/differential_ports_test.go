package differential_test

import "fmt"

var portKinds = []string{
	"number", "number", "number", "range", "wide range", "protocol ANY", "protocol absent", "UDP", "SCTP", "all TCP", "all", "named TCP", "named UDP", "named ANY",
}

// addPorts draws toPorts or icmps, or neither.
func (w *world) addPorts(r object, list ruleList) {
	switch draw := w.rnd.IntN(100); {
	case draw < 30:
		w.count("ports absent")
	case draw < 35:
		w.count("ports []")
		r["toPorts"] = []object{}
	case draw < 45:
		w.count("icmps")
		r["icmps"] = []object{{"fields": several(w, w.icmp)}}
	default:
		r["toPorts"] = several(w, func() object { return w.portRule(list) })
	}
}

func (w *world) icmp() object {
	f := object{"type": pickOne(w, []any{8, 3, 0, "EchoRequest"})}
	if w.chance(40) {
		f = object{"family": "IPv6", "type": pickOne(w, []any{128, 129, "EchoRequest"})}
	}
	w.count(fmt.Sprint("icmp family ", f["family"]))
	return f
}

func (w *world) portRule(list ruleList) object {
	if !list.deny && w.chance(20) {
		w.count("L7")
		return w.l7Rule(list)
	}
	return object{"ports": several(w, w.port)}
}

func (w *world) l7Rule(list ruleList) object {
	if list.peer == "to" && w.chance(40) {
		return object{"ports": []object{{"port": "53", "protocol": "ANY"}}, "rules": object{"dns": []object{{"matchPattern": "*"}}}}
	}
	return object{"ports": []object{{"port": fmt.Sprint(pickOne(w, portNumbers)), "protocol": "TCP"}}, "rules": object{"http": []object{{"method": "GET"}}}}
}

func (w *world) port() object {
	kind := pickOne(w, portKinds)
	w.count("ports " + kind)
	number := fmt.Sprint(pickOne(w, portNumbers))
	switch kind {
	case "range":
		return object{"port": "8000", "endPort": pickOne(w, []int{8100, 8443}), "protocol": pickOne(w, []string{"TCP", "UDP", "ANY"})}
	case "wide range":
		return object{"port": pickOne(w, []string{"1", "80", "8090"}), "endPort": pickOne(w, []int{9000, 65535}), "protocol": "TCP"}
	case "protocol ANY":
		return object{"port": number, "protocol": "ANY"}
	case "protocol absent":
		return object{"port": number}
	case "UDP", "SCTP":
		return object{"port": number, "protocol": kind}
	case "all TCP":
		return object{"port": "0", "protocol": "TCP"}
	case "all":
		return object{"port": "0"}
	case "named TCP":
		return object{"port": "web", "protocol": "TCP"}
	case "named UDP":
		return object{"port": pickOne(w, []string{"names", "web"}), "protocol": "UDP"}
	case "named ANY":
		return object{"port": pickOne(w, []string{"names", "web"}), "protocol": "ANY"}
	default:
		return object{"port": number, "protocol": "TCP"}
	}
}
