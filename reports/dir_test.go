package reports

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// Of the folders that were made those that are still empty go, and no others.
func TestMakeDirTidies(t *testing.T) {
	for _, c := range []struct {
		name, before, written string // before is a folder that there is, written is a file
		gone, kept            string
	}{
		{name: "all made", gone: "a"},
		{name: "one made", before: "a", kept: "a", gone: "a/b"},
		{name: "none made", before: "a/b/c", kept: "a/b/c"},
		{name: "written to", written: "a/b/c/result.json", kept: "a/b/c/result.json"},
		{name: "written beside", written: "a/b/other", kept: "a/b/other", gone: "a/b/c"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Chdir(t.TempDir())
			if err := os.MkdirAll("./"+c.before, 0o777); err != nil {
				t.Fatal(err)
			}
			tidy, err := MakeDir("a/b/c/")
			if err != nil {
				t.Fatal(err)
			}
			if found := files(t, "a/b/c"); found != nil {
				t.Errorf("the folder holds %q", found)
			}
			if c.written != "" {
				if err := os.WriteFile(c.written, nil, 0o666); err != nil {
					t.Fatal(err)
				}
			}
			tidy()
			if _, err := os.Stat(c.kept); c.kept != "" && err != nil {
				t.Error(err)
			}
			if _, err := os.Stat(c.gone); c.gone != "" && !os.IsNotExist(err) {
				t.Errorf("%s is left (%v)", c.gone, err)
			}
		})
	}
}

// A folder that can be made only in part is not made.
func TestMakeDirWholeOrNot(t *testing.T) {
	t.Chdir(t.TempDir())
	if _, err := MakeDir("a/\x00"); err == nil {
		t.Error("a folder has a name with a zero byte")
	}
	if found := files(t, "."); found != nil {
		t.Errorf("%q is left", found)
	}
}

func TestWriteDir(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a", "b")
	d := Compare(short(), "")
	if err := WriteDir(dir, []File{ResultFile(d), {"table.md", func(w io.Writer) error { return Markdown{}.Report(w, d) }}}); err != nil {
		t.Fatal(err)
	}
	want := []string{"result.json", "table.md"}
	if d := cmp.Diff(want, files(t, dir)); d != "" {
		t.Error(d)
	}
	f, err := os.Open(filepath.Join(dir, "result.json"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := Read("result.json", f); err != nil {
		t.Error(err)
	}
}

func TestWriteFileWholeOrNot(t *testing.T) {
	path := filepath.Join(t.TempDir(), "kept.txt")
	if err := os.WriteFile(path, []byte("before"), 0o644); err != nil {
		t.Fatal(err)
	}
	err := writeFile(path, func(w io.Writer) error {
		io.WriteString(w, "half")
		return errBroken
	})
	if !errors.Is(err, errBroken) || !strings.Contains(err.Error(), path) {
		t.Errorf("error %v, want the cause and %s", err, path)
	}
	if b, _ := os.ReadFile(path); string(b) != "before" {
		t.Errorf("file holds %q, want what was there", b)
	}
	if d := cmp.Diff([]string{"kept.txt"}, files(t, filepath.Dir(path))); d != "" {
		t.Error(d)
	}
	if err := WriteDir(path, nil); err == nil {
		t.Error("a file passes for a folder")
	}
}

func files(t *testing.T, dir string) (out []string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		out = append(out, e.Name())
	}
	return out
}
