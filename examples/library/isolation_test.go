// Package shop has no code of its own: its tests check the manifests beside it.
package shop

import (
	"testing"

	"github.com/netsim-dev/netsim/sim"
	"github.com/netsim-dev/netsim/sim/conntest"
	"github.com/netsim-dev/netsim/sim/simtest"
)

func TestConnections(t *testing.T) {
	s := simtest.Load(t, "manifests")
	simtest.Run(t, s, []simtest.Case{
		{From: "dev/deploy/frontend", To: "dev/svc/api:80", Want: sim.Allowed, Because: "dev/frontend"},
		{From: "dev/deploy/frontend", To: "dev/svc/db:5432", Want: sim.Denied, Because: "dev/db"},
		{From: "dev/deploy/frontend", To: "uat/svc/api:80", Want: sim.Denied, Because: "deny-dev-to-uat"},
		{From: "dev/deploy/api", To: "uat/svc/db:5432", Want: sim.Denied, Because: "deny-dev-to-uat"},
		{From: "uat/deploy/frontend", To: "uat/svc/api:80", Want: sim.Allowed},
	})
}

// TestConnectivityFile runs a file of cases, under each datapath that it lists.
func TestConnectivityFile(t *testing.T) {
	simtest.RunFiles(t, conntest.Options{}, "connectivity.yaml")
}
