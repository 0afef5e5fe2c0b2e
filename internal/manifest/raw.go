package manifest

// readRaw keeps an object as it was written, with the line of each field: what
// its spec means is for others to say (package gateway, for routes).
func readRaw(d *document) any {
	if !d.decode(&policyFrame{}) {
		return nil
	}
	d.warnUnrendered()
	return d.located()
}
