package reports

import (
	"os"
	"testing"
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
