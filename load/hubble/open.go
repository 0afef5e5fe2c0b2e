package hubble

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"

	"github.com/klauspost/compress/zstd"
	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"
)

// maxWindow bounds the memory for a zstd stream: `zstd --long` asks for 128 MiB.
const maxWindow = 128 << 20

// Open gives the text of a log in UTF-8, whether it is plain, compressed by gzip
// or zstd, or in UTF-16 with a byte order mark, as PowerShell redirects it. The
// error is for a stream that is not what its first bytes say.
func Open(r io.Reader) (io.Reader, error) {
	buffered := bufio.NewReaderSize(r, 1<<16)
	head, err := buffered.Peek(4)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	switch {
	case bytes.HasPrefix(head, []byte("\x1f\x8b")):
		unzipped, err := gzip.NewReader(buffered)
		if err != nil {
			return nil, fmt.Errorf("the gzip stream cannot be read: %w", err)
		}
		return decoded(bufio.NewReaderSize(unzipped, 1<<16)), nil
	case bytes.HasPrefix(head, []byte("\x28\xb5\x2f\xfd")):
		decoder, err := zstd.NewReader(buffered, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(maxWindow))
		if err != nil {
			return nil, fmt.Errorf("the zstd stream cannot be read: %w", err)
		}
		return decoded(bufio.NewReaderSize(decoder, 1<<16)), nil
	}
	return decoded(buffered), nil
}

// decoded turns UTF-16 into UTF-8.
func decoded(r *bufio.Reader) io.Reader {
	head, _ := r.Peek(2)
	if bytes.Equal(head, []byte("\xff\xfe")) || bytes.Equal(head, []byte("\xfe\xff")) {
		return transform.NewReader(r, unicode.UTF16(unicode.LittleEndian, unicode.ExpectBOM).NewDecoder())
	}
	return r
}
