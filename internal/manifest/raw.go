package manifest

// readRaw keeps an object as it was written, with the line of each field: what
// its spec means is for others to say (package gateway, for routes).
func readRaw(d *document) any {
	if !d.decode(&policyFrame{}) {
		return nil
	}
	d.locate()
	d.warnUnrendered()
	object := d.object()
	object.Lines = d.lines
	return object
}
