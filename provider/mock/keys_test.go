package mock

import (
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestParseKeys(t *testing.T) {
	for _, tt := range []struct {
		name, data string
		want       Keys
		err        string
	}{
		{"all columns", "key,account,tenant\nsk-1,acme,web\n# a comment\nsk-2, acme ,\nsk-3,other,batch\n",
			Keys{map[string]string{"sk-1": "acme", "sk-2": "acme", "sk-3": "other"}, map[string]string{"sk-1": "web", "sk-3": "batch"}}, ""},
		{"no tenants", "\ufeffkey,account\r\nsk-1,acme\r\n", Keys{map[string]string{"sk-1": "acme"}, map[string]string{}}, ""},
		{"empty", "# nothing\n", Keys{}, "x: is empty; want lines of key,account,tenant under a first line that says so"},
		{"only a header", "key,account\n", Keys{}, "x: has no keys: every call would be refused"},
		{"no header", "sk-1,acme\n", Keys{}, "x:1:1: want the first line to be key,account or key,account,tenant"},
		{"quotes", "key,account\nsk\"1,acme\n", Keys{}, `x:2:3: not valid CSV: bare " in non-quoted-field`},
		{"errors", "key,account\nsk-1\nsk-1,\nsk-2,a\nsk 3,a\n  sk-2, b\n,a\n", Keys{}, strings.Join([]string{
			"x:2:1: has 1 fields, want 2 as the first line has",
			"x:3:6: account: is empty",
			"x:5:1: key: want up to 512 visible ASCII characters",
			"x:6:3: key: is the one of line 4 again",
			"x:7:1: key: want up to 512 visible ASCII characters",
		}, "\n")},
		{"many errors", "key,account\n" + strings.Repeat("sk-1,\n", 1000), Keys{},
			strings.TrimSuffix(strings.Repeat("x:N:6: account: is empty\n", 20), "\n")},
	} {
		got, err := ParseKeys("x", []byte(tt.data))
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.name, diff)
		}
		message := ""
		if err != nil {
			message = err.Error()
		}
		if tt.name == "many errors" {
			lines := strings.Split(message, "\n")
			for i, l := range lines {
				lines[i] = "x:N" + l[strings.LastIndex(l, ":6"):]
			}
			message = strings.Join(lines, "\n")
		}
		if message != tt.err {
			t.Errorf("%s: %q; want %q", tt.name, message, tt.err)
		}
	}
}

func FuzzParseKeys(f *testing.F) {
	f.Add([]byte("key,account,tenant\nsk-1,acme,web\n"))
	f.Add([]byte("key,account\n\"sk\n1\",acme\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		keys, err := ParseKeys("x", data)
		if (err == nil) != (len(keys.Accounts) > 0) {
			t.Fatalf("%d keys, error %v", len(keys.Accounts), err)
		}
		for key, account := range keys.Accounts {
			if !wellFormed(key) || account == "" {
				t.Errorf("key %q of account %q", key, account)
			}
		}
		for key := range keys.Tenants {
			if keys.Accounts[key] == "" {
				t.Errorf("%q has a tenant and no account", key)
			}
		}
	})
}

// A file of more keys than anybody needs is refused.
func TestMostKeys(t *testing.T) {
	if testing.Short() {
		t.Skip("a million keys")
	}
	var file strings.Builder
	file.WriteString("key,account\n")
	for i := range mostKeys + 1 {
		file.WriteString("k" + strconv.Itoa(i) + ",a\n")
	}
	if _, err := ParseKeys("x", []byte(file.String())); err == nil || err.Error() != "x:1000002:1: a file has at most 1000000 keys" {
		t.Errorf("%v", err)
	}
}
