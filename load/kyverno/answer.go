package kyverno

// answer is yes, no, or that it cannot be known.
type answer struct {
	yes bool
	// unsure says why it cannot be known, "" if it is.
	unsure string
}

func known(yes bool) answer { return answer{yes: yes} }

func unsure(why string) answer { return answer{unsure: why} }

func (a answer) no() bool { return !a.yes && a.unsure == "" }

func (a answer) not() answer {
	if a.unsure == "" {
		a.yes = !a.yes
	}
	return a
}

// all is yes if every answer is. One no decides, whatever cannot be known.
func all(answers ...answer) answer {
	result := known(true)
	for _, a := range answers {
		if a.no() {
			return a
		}
		if a.unsure != "" && result.unsure == "" {
			result = a
		}
	}
	return result
}

// some is yes if any answer is.
func some(answers ...answer) answer {
	result := known(false)
	for _, a := range answers {
		if a.yes {
			return a
		}
		if a.unsure != "" && result.unsure == "" {
			result = a
		}
	}
	return result
}
