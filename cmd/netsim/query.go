package main

import (
	"errors"
	"fmt"
	"reflect"

	"github.com/spf13/cobra"

	"github.com/netsim-dev/netsim/internal/render"
	"github.com/netsim-dev/netsim/sim"
)

const queryExample = `  netsim query -f manifests/ dev/deploy/frontend dev/svc/api:80
  netsim query -f manifests/ dev/web-0 kube-system/svc/kube-dns -p 53/UDP
  netsim query -f manifests/ world gateway/svc/nginx:443@nodeport=worker
  netsim query -f manifests/ 203.0.113.9 node/worker:30080 --via node/worker
  netsim query -f manifests/ dev/web-0 dev/svc/api:80 --http 'GET /v1/users'
  netsim query -f manifests/ dev/web-0 www.example.com:443 --dns www.example.com=203.0.113.9
  netsim query -f manifests/ world https://app.example.com/api
  netsim query -f manifests/ --batch questions.jsonl`

const batchHelp = `

With --batch, each line of FILE (or - for stdin) is one question:
  {"id":1,"from":"dev/web-0","to":"dev/svc/api:80"}
and may carry "via", "http", "headers" (a list), "dnsName" and "sni" too. Each
gives one Answer on one line, in the same order, with the id echoed; a line that
cannot be answered gives {"kind":"Error","id":...,"message":...}, and the exit
code is 2.`

// queryFlags are the flags of query alone.
type queryFlags struct {
	sim.Query
	batch   string
	verbose bool
}

func (c *command) query() *cobra.Command {
	q := &queryFlags{}
	cmd := &cobra.Command{
		Use:   "query FROM TO",
		Short: "Say whether FROM would reach TO, and why",
		Long: "Query follows a packet from FROM to TO and says what decides at each step.\n" +
			"netsim --help tells how FROM and TO are written." + batchHelp,
		Example: queryExample,
		RunE:    func(_ *cobra.Command, args []string) error { return c.runQuery(q, args) },
	}
	flags := cmd.Flags()
	flags.StringVarP(&q.Port, "port", "p", "", "destination `PORT[/PROTO]`, or ICMP[/TYPE]; the same as TO:PORT")
	flags.StringVar(&q.Via, "via", "", "`node/NAME` at which a packet from outside enters; without it, every node that could")
	flags.StringVar(&q.HTTP, "http", "", "ask about one request, `'METHOD /path'`")
	flags.StringArrayVar(&q.Headers, "header", nil, "a header of that request, `'NAME: VALUE'`; repeatable")
	flags.StringVar(&q.DNSName, "dns-name", "", "ask about the lookup of one `NAME`")
	flags.StringVar(&q.SNI, "sni", "", "ask about one TLS server `NAME`")
	c.dns.add(cmd)
	addPatches(cmd, &c.patches)
	flags.StringVar(&q.batch, "batch", "", "answer the questions in `FILE`, one JSON object a line; - is stdin")
	flags.BoolVarP(&q.verbose, "verbose", "v", false, "write assumptions in full")
	return cmd
}

func (c *command) runQuery(q *queryFlags, args []string) error {
	format, err := render.ParseFormat(c.output)
	if err != nil {
		return err
	}
	if q.batch != "" {
		return c.runBatch(q, args)
	}
	if len(args) != 2 {
		return fmt.Errorf("query takes FROM and TO, not %d references, as in: netsim query -f manifests/ dev/deploy/frontend dev/svc/api:80", len(args))
	}
	s, err := c.load()
	if err != nil {
		return err
	}
	q.From, q.To = args[0], args[1]
	answer, err := s.Query(q.Query)
	if err != nil {
		return err
	}
	c.code = exitCodes[answer.Verdict]
	if format == render.FormatText {
		return render.Answer(c.stdout, answer, c.textOptions(q.verbose))
	}
	return render.Encode(c.stdout, answer, format)
}

// runBatch checks that nothing but --batch asks a question.
func (c *command) runBatch(q *queryFlags, args []string) error {
	if len(args) > 0 || !reflect.DeepEqual(q.Query, sim.Query{}) {
		return errors.New("--batch takes its questions from its lines: leave out FROM, TO and the flags that belong to one question")
	}
	if c.output == string(render.FormatYAML) {
		return errors.New("--batch writes one JSON object a line: leave out -o yaml")
	}
	return c.batch(q.batch)
}
