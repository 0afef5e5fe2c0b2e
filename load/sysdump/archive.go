package sysdump

import (
	"archive/tar"
	"archive/zip"
	"bufio"
	"bytes"
	"compress/flate"
	"compress/gzip"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"strings"
)

// Bounds on an archive. A dump of a cluster of a thousand nodes stays well below
// them; one that says more would only fill the memory or the hour.
const (
	maxMembers = 100_000
	maxMember  = 256 << 20
	maxTotal   = 16 << 30
)

// member is one file of an archive. Its reader is valid until the next is asked
// for.
type member struct {
	name string
	io.Reader
}

// IsArchive says whether a file holds an archive of the kinds that are read, by
// its name.
func IsArchive(name string) bool { return isZip(name) || isTar(name) }

func isZip(name string) bool { return strings.HasSuffix(strings.ToLower(name), ".zip") }

func isTar(name string) bool {
	name = strings.ToLower(name)
	return strings.HasSuffix(name, ".tgz") || strings.HasSuffix(name, ".tar.gz") || strings.HasSuffix(name, ".tar")
}

// walk hands on the members of an archive, in its order, without unpacking it to
// disk. The error says where the archive breaks off; what came before it has been
// handed on.
func walk(file *os.File, visit func(member)) error {
	total := &budget{left: maxTotal}
	count := 0
	take := func(name string, r io.Reader) error {
		if count++; count > maxMembers {
			return fmt.Errorf("it holds more than %d files", maxMembers)
		}
		visit(member{name, total.reading(r)})
		if total.left <= 0 {
			return fmt.Errorf("it unpacks to more than %d GiB, which no dump of a cluster does", maxTotal>>30)
		}
		return nil
	}
	if isZip(file.Name()) {
		return walkZip(file, take)
	}
	return walkTar(file, total, take)
}

// budget bounds how much is unpacked.
type budget struct{ left int64 }

func (b *budget) reading(r io.Reader) io.Reader { return &budgeted{r, b} }

type budgeted struct {
	io.Reader
	budget *budget
}

func (b *budgeted) Read(p []byte) (int, error) {
	if b.budget.left <= 0 {
		return 0, errors.New("the archive unpacks to too much")
	}
	n, err := b.Reader.Read(p)
	b.budget.left -= int64(n)
	return n, err
}

func walkTar(file *os.File, total *budget, take func(string, io.Reader) error) error {
	var stream io.Reader = bufio.NewReaderSize(file, 1<<16)
	if !strings.HasSuffix(strings.ToLower(file.Name()), ".tar") {
		unzipped, err := gzip.NewReader(stream)
		if err != nil {
			return fmt.Errorf("it is no gzip stream: %w", err)
		}
		stream = unzipped
	}
	// Members that nobody reads are unpacked all the same.
	archive := tar.NewReader(total.reading(stream))
	for {
		header, err := archive.Next()
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		case header.Typeflag != tar.TypeReg:
			continue
		}
		if err := take(header.Name, archive); err != nil {
			return err
		}
	}
}

func walkZip(file *os.File, take func(string, io.Reader) error) error {
	info, err := file.Stat()
	if err != nil {
		return err
	}
	archive, err := zip.NewReader(file, info.Size())
	if err != nil && !errors.Is(err, zip.ErrInsecurePath) {
		return errors.Join(fmt.Errorf("its directory is missing, which stands at its end: %w", err), salvage(file, take))
	}
	for _, f := range archive.File {
		if f.FileInfo().IsDir() {
			continue
		}
		r, err := f.Open()
		if err != nil {
			return fmt.Errorf("%s: %w", f.Name, err)
		}
		err = take(f.Name, r)
		r.Close()
		if err != nil {
			return err
		}
	}
	return nil
}

// Local file headers of a zip (APPNOTE.TXT 4.3.7): what they begin with, how long
// they are, and how a file is compressed.
const (
	localHeader = "PK\x03\x04"
	headerSize  = 30
	deflated    = 8
)

// salvage reads a zip that was cut, from its start: each file has a header of its
// own, and its compressed text says itself where it ends.
func salvage(file *os.File, take func(string, io.Reader) error) error {
	if _, err := file.Seek(0, io.SeekStart); err != nil {
		return err
	}
	stream := bufio.NewReaderSize(file, 1<<16)
	for {
		header := make([]byte, headerSize)
		if _, err := io.ReadFull(stream, header); err != nil || !bytes.HasPrefix(header, []byte(localHeader)) {
			return nil
		}
		name := make([]byte, binary.LittleEndian.Uint16(header[26:]))
		if _, err := io.ReadFull(stream, name); err != nil {
			return nil
		}
		if _, err := stream.Discard(int(binary.LittleEndian.Uint16(header[28:]))); err != nil {
			return nil
		}
		if binary.LittleEndian.Uint16(header[8:]) != deflated {
			return nil
		}
		text := flate.NewReader(stream)
		if err := take(string(name), text); err != nil {
			return err
		}
		if _, err := io.Copy(io.Discard, text); err != nil {
			return fmt.Errorf("%s is cut: %w", name, err)
		}
		if !nextHeader(stream) {
			return nil
		}
	}
}

// nextHeader steps over what may stand between two files: sizes that were not
// known before.
func nextHeader(stream *bufio.Reader) bool {
	const most = 24
	for range most + 1 {
		head, err := stream.Peek(len(localHeader))
		if err != nil {
			return false
		}
		if string(head) == localHeader {
			return true
		}
		if _, err := stream.Discard(1); err != nil {
			return false
		}
	}
	return false
}

// safe says whether a member's name stays inside its archive.
func safe(name string) bool {
	name = strings.ReplaceAll(name, "\\", "/")
	return name != "" && !path.IsAbs(name) && !strings.Contains(name, ":") && path.Clean("/"+name) == "/"+path.Clean(name)
}
