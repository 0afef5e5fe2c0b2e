package snapshot

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// Save writes the dump to a file that only its owner may read. It is there whole,
// in the place of one that was there before, or not at all.
func (d *Dump) Save(path string, f Format) error {
	if info, err := os.Stat(path); err == nil && !info.Mode().IsRegular() {
		return fmt.Errorf("%s is no file: name one, or a directory that is new or empty, or - for stdout", path)
	}
	return replace(path, func(w io.Writer) error { return d.Write(w, f) })
}

// SaveDir writes a file for each kind of object into a directory, which must be
// new or empty: what an older dump left there would be read along with this one.
// It is there whole or not at all.
func (d *Dump) SaveDir(path string, f Format) error {
	path = filepath.Clean(path)
	entries, err := os.ReadDir(path)
	if err != nil && !os.IsNotExist(err) {
		return err
	}
	if len(entries) > 0 {
		return fmt.Errorf("%s is not empty, and what is in it would be read along with this dump: name a new directory, or remove it first", path)
	}
	made, err := os.MkdirTemp(filepath.Dir(path), ".netsim-*") // mode 0700
	if err != nil {
		return err
	}
	defer os.RemoveAll(made)
	parts, err := d.documents()
	if err != nil {
		return err
	}
	for _, p := range parts {
		err := replace(filepath.Join(made, p.name+"."+string(f)), func(w io.Writer) error { return f.write(w, p.objects) })
		if err != nil {
			return err
		}
	}
	if err := os.Remove(path); err != nil && !os.IsNotExist(err) {
		return err
	}
	return os.Rename(made, path)
}

// replace writes a file beside the one that it then takes the place of.
func replace(path string, write func(io.Writer) error) error {
	file, err := os.CreateTemp(filepath.Dir(path), ".netsim-*") // mode 0600
	if err != nil {
		return err
	}
	defer os.Remove(file.Name())
	buffered := bufio.NewWriter(file)
	if err = write(buffered); err == nil {
		err = buffered.Flush()
	}
	if err == nil {
		err = file.Sync()
	}
	if closing := file.Close(); err == nil {
		err = closing
	}
	if err != nil {
		return err
	}
	return os.Rename(file.Name(), path)
}
