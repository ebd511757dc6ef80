package scenarios

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"ratesim/provider/script"
)

const everyAnswer = `# all that an answer can say
- text: "always"
- match: {model: gpt-4o, path: /v1/chat/completions, key: sk-1, contains: "the weather", last: "in Lima"}
  times: 2
  text: |
    It rains.
  calls:
    - {name: get_weather, arguments: '{"city": "Lima"}'}
    - {name: now, arguments: "{}"}
  finish: length
`

const answersInJSON = `[{"text": "always"},
 {"match": {"last": "😀 \ud83d\ude00"}, "times": 2, "calls": [{"name": "now", "arguments": "{}"}]}]
`

func TestParseAnswers(t *testing.T) {
	for _, tt := range []struct {
		data string
		want []script.Answer
	}{
		{everyAnswer, []script.Answer{
			{Where: "x:2:3", Text: "always"},
			{Where: "x:3:3", Match: script.Match{Model: "gpt-4o", Path: "/v1/chat/completions", Key: "sk-1", Contains: "the weather"}, Last: "in Lima", Times: 2,
				Text: "It rains.", Calls: []script.Call{{Name: "get_weather", Arguments: `{"city": "Lima"}`}, {Name: "now", Arguments: "{}"}}, Finish: script.Length},
		}},
		{answersInJSON, []script.Answer{
			{Where: "x:1:2", Text: "always"},
			{Where: "x:2:2", Last: "😀 😀", Times: 2, Calls: []script.Call{{Name: "now", Arguments: "{}"}}},
		}},
		{"[]", nil},
	} {
		got, err := ParseAnswers("x", []byte(tt.data))
		if diff := cmp.Diff(tt.want, got); err != nil || diff != "" {
			t.Errorf("%v\n-want +got:\n%s", err, diff)
		}
	}
}

func TestParseAnswersErrors(t *testing.T) {
	for _, tt := range []struct{ data, want string }{
		{"", "x: is empty; want a list of answers; [] is none"},
		{"- {txt: a}", "x:1:3: answers[0]: says nothing; want the key text or calls\nx:1:4: answers[0].txt: unknown key; did you mean \"text\"? allowed: match, times, text, calls, finish"},
		{"- {text: a, finish: lenght}", "x:1:21: answers[0].finish: unknown finish \"lenght\"; did you mean \"length\"? allowed: stop, length, content_filter"},
		{"- {text: a, times: 0}", "x:1:20: answers[0].times: want a whole number from 1 to 1000000000, got \"0\""},
		{"- {text: a, match: {lst: b}}", "x:1:21: answers[0].match.lst: unknown key; did you mean \"last\"? allowed: model, path, key, contains, last"},
		{"- calls: [{name: a, arguments: {b: 1}}]", "x:1:32: answers[0].calls[0].arguments: want an object in JSON, between quotes, such as '{\"city\": \"Lima\"}', got a mapping"},
		{"- calls: [{name: a, arguments: '[1]'}]", "x:1:32: answers[0].calls[0].arguments: want an object in JSON, between quotes, such as '{\"city\": \"Lima\"}', got \"[1]\""},
		{"- calls: [{name: a}]", "x:1:11: answers[0].calls[0].arguments: is missing"},
		{"{\"text\": \"a\"}", "x:1:1: answers: want a list of answers, got a mapping"},
		{"[{\"text\": \"é\", \"finsh\": 1}]", "x:1:16: answers[0].finsh: unknown key; did you mean \"finish\"? allowed: match, times, text, calls, finish"},
		{"- {text: a}\n- {text: ]", "x:2:"},
	} {
		_, err := ParseAnswers("x", []byte(tt.data))
		if err == nil || err.Error() != tt.want && (tt.want != "x:2:" || !strings.HasPrefix(err.Error(), tt.want)) {
			t.Errorf("%s:\n%v; want\n%s", tt.data, err, tt.want)
		}
	}
}

// FuzzParseAnswers: what is taken can be given; what is not is told with Errors.
func FuzzParseAnswers(f *testing.F) {
	f.Add([]byte(everyAnswer))
	f.Add([]byte(answersInJSON))
	f.Fuzz(func(t *testing.T, data []byte) {
		list, err := ParseAnswers("x", data)
		var es Errors
		if err != nil && !errors.As(err, &es) {
			t.Fatalf("%T", err)
		}
		b := script.NewBook(list)
		for range 3 {
			if i := b.Take(&script.Attempt{Key: "sk"}, "last"); i >= len(list) {
				t.Fatal(i)
			}
		}
	})
}
