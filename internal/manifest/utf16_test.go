package manifest

import (
	"bytes"
	"os"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// utf16Text is text with a byte order mark, in the order that write gives.
func utf16Text(text string, write func(unit uint16) []byte) []byte {
	data := write(0xfeff)
	for _, unit := range utf16.Encode([]rune(text)) {
		data = append(data, write(unit)...)
	}
	return data
}

func littleEndian(unit uint16) []byte { return []byte{byte(unit), byte(unit >> 8)} }
func bigEndian(unit uint16) []byte    { return []byte{byte(unit >> 8), byte(unit)} }

func TestWhatPowerShellRedirectsIsRead(t *testing.T) {
	const text = "# Käse 🧀\r\napiVersion: v1\r\nkind: Namespace\r\nmetadata: {name: shop, annotations: {a: 🧀}}\r\n"
	for _, row := range []struct {
		name string
		data []byte
		// namespaces are loaded, and says is what is said of the file.
		namespaces int
		says       string
	}{
		{"little endian", utf16Text(text, littleEndian), 1, ""},
		{"big endian", utf16Text(text, bigEndian), 1, ""},
		{"cut within a unit", bytes.TrimSuffix(utf16Text(text, littleEndian), []byte{0}), 1, ""},
		{"half a surrogate pair", append(utf16Text(text+"# ", littleEndian), 0x3e, 0xd8), 1, ""},
		{"without a byte order mark", utf16Text(text, littleEndian)[2:], 0, "the file is binary, or not in UTF-8"},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Chdir(t.TempDir())
			require.NoError(t, os.WriteFile("a.yaml", row.data, 0o600))
			tree, _, err := Read([]string{"a.yaml"}, nil)
			require.NoError(t, err)
			c, issues := Load(tree.Files)
			require.Len(t, c.Namespaces, row.namespaces)
			if row.says != "" {
				assert.Equal(t, row.says, issues[0].Message)
				return
			}
			assert.Equal(t, 2, c.Namespaces[0].Origin.Line)
			assert.True(t, strings.Contains(string(tree.Files[0].Data), "🧀"))
		})
	}
}
