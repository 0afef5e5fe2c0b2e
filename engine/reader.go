package engine

import (
	"fmt"
	"log/slog"

	"github.com/netsim-dev/netsim/engine/internal/crd"
	"github.com/netsim-dev/netsim/model"
)

// reader turns policy documents into rules. It works while Cilium's
// process-wide settings are the cluster's: parsing reads them, and so does
// making selectors of what was parsed.
type reader struct {
	index   *model.Index
	dp      model.Datapath
	options *options
	filter  *labelFilter
	crds    *crd.Validator
	log     *slog.Logger
	// groups are the CIDR groups in force.
	groups []cidrGroup
	// hasDerivative holds the policies, by ID, that are in force through a copy
	// which is loaded too (togroups.go).
	hasDerivative map[string]bool
	// opaque are policies in force that netsim cannot judge.
	opaque []*model.Object
	// absent are the policies that are not in force, with the reason (absent.go).
	absent map[*model.Object]model.Issue
}

func newReader(ix *model.Index, dp model.Datapath, o *options) *reader {
	return &reader{
		index: ix, dp: dp, options: o, filter: newLabelFilter(o, dp.Version()), crds: crd.New(), log: slog.New(slog.DiscardHandler),
		hasDerivative: derivatives(ix.Cluster.Policies, dp.Version()), absent: map[*model.Object]model.Issue{},
	}
}

// guard runs one of Cilium's parsers. They trust the API server's validation
// and may panic on what got past ours; such a document counts as unreadable,
// not as absent, since a cluster might take it. An error of the parser is the
// agent's refusal, which refuse puts into words.
func (r *reader) guard(o *model.Object, parse func() error, refuse func(error) model.Issue) (problem *model.Issue) {
	defer func() {
		if p := recover(); p != nil {
			i := issue(o, "", model.Error, fmt.Sprintf("%s breaks Cilium's parser (%v): every verdict that it could touch is undetermined", o.Origin.ID(), p), "check the document against the CRD")
			problem = &i
			r.opaque = append(r.opaque, o)
		}
	}()
	if err := parse(); err != nil {
		i := refuse(err)
		problem = &i
	}
	return problem
}
