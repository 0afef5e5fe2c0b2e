package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"

	"github.com/netsim-dev/netsim/internal/render"
	"github.com/netsim-dev/netsim/sim"
)

// question is one line of a batch.
type question struct {
	ID      json.RawMessage `json:"id"`
	From    string          `json:"from"`
	To      string          `json:"to"`
	Via     string          `json:"via"`
	HTTP    string          `json:"http"`
	Headers []string        `json:"headers"`
	DNSName string          `json:"dnsName"`
	SNI     string          `json:"sni"`
}

// batchError stands for an Answer where a line cannot be answered.
type batchError struct {
	Kind    string          `json:"kind"`
	ID      json.RawMessage `json:"id,omitempty"`
	Message string          `json:"message"`
}

// batch answers the questions in a file, or on stdin for "-", one a line.
func (c *command) batch(path string) error {
	if path == "-" && slices.Contains(c.files, "-") {
		return errors.New("-f - and --batch - both read stdin: give one of them a file")
	}
	s, err := c.load()
	if err != nil {
		return err
	}
	if path == "-" {
		return c.answerLines(s, c.stdin)
	}
	file, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("--batch: %w", err)
	}
	defer file.Close()
	return c.answerLines(s, file)
}

// answerLines writes one line for each line that is not blank, as soon as it
// is answered, so that a program may ask one question after the other.
func (c *command) answerLines(s *sim.Sim, questions io.Reader) error {
	reader := bufio.NewReader(questions)
	for number := 1; ; number++ {
		line, readErr := reader.ReadBytes('\n')
		if readErr != nil && readErr != io.EOF {
			return fmt.Errorf("--batch: line %d: %w", number, readErr)
		}
		if line = bytes.TrimSpace(line); len(line) > 0 {
			if err := c.answerLine(s, line, number); err != nil {
				return err
			}
		}
		if readErr == io.EOF {
			return nil
		}
	}
}

func (c *command) answerLine(s *sim.Sim, line []byte, number int) error {
	q, err := parseQuestion(line)
	if err == nil {
		var answer *sim.Answer
		if answer, err = s.Query(q.query()); err == nil {
			return render.JSONLine(c.stdout, answer)
		}
	}
	c.code = exitUnusable
	return render.JSONLine(c.stdout, batchError{"Error", q.ID, fmt.Sprintf("line %d: %v", number, err)})
}

func (q question) query() sim.Query {
	query := sim.Query{From: q.From, To: q.To, Via: q.Via, HTTP: q.HTTP, Headers: q.Headers, DNSName: q.DNSName, SNI: q.SNI}
	if q.ID != nil {
		query.ID = q.ID
	}
	return query
}

// parseQuestion reads a line. The id is read first and by itself, so that an
// error can echo it.
func parseQuestion(line []byte) (question, error) {
	var id struct {
		ID json.RawMessage `json:"id"`
	}
	if err := json.Unmarshal(line, &id); err != nil {
		return question{}, fmt.Errorf("%w; want one JSON object, as {\"from\":\"dev/a\",\"to\":\"dev/svc/b:80\"}", err)
	}
	q := question{}
	decoder := json.NewDecoder(bytes.NewReader(line))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&q); err != nil {
		return question{ID: id.ID}, fmt.Errorf("%w; a line holds id, from, to, via, http, headers, dnsName and sni", err)
	}
	if q.From == "" || q.To == "" {
		return q, errors.New(`"from" and "to" are both needed`)
	}
	return q, nil
}
