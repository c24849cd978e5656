package stt_test

import (
	"reflect"
	"testing"
	"time"

	"github.com/earshot-stt/earshot/stt"
)

func fullSegment() *stt.Segment {
	return &stt.Segment{ID: "a", Revision: 2, Span: stt.SpanOf(0, time.Second), Final: true, Language: "en-US",
		Languages: []stt.LanguageScore{{Language: "en-US", Score: 0.9}},
		Alternatives: []stt.Alternative{
			{Text: "call Bob", Words: []stt.Word{{Text: "call"}, {Text: "Bob"}}, Entities: []stt.Entity{{Type: "NAME", First: 1, End: 2}}},
			{Text: "call Rob", Words: []stt.Word{{Text: "call"}, {Text: "Rob"}}},
		}}
}

func TestSegmentClone(t *testing.T) {
	s := fullSegment()
	c := s.Clone()
	if !reflect.DeepEqual(s, c) {
		t.Fatalf("the copy is %+v, the segment %+v", c, s)
	}
	overwrite(reflect.ValueOf(c).Elem())
	if reflect.DeepEqual(s, c) || !reflect.DeepEqual(s, fullSegment()) {
		t.Errorf("overwriting the copy has changed the segment: %+v", s)
	}
	if c := (&stt.Segment{ID: "withdrawn", Final: true}).Clone(); c.Alternatives != nil || c.Languages != nil || c.ID != "withdrawn" {
		t.Errorf("the copy of a withdrawn segment is %+v", c)
	}
	// No words given and no words said are different things, and stay so.
	if c := (&stt.Segment{Alternatives: []stt.Alternative{{Text: "x"}, {Words: []stt.Word{}}}}).Clone(); c.Alternatives[0].Words != nil || c.Alternatives[1].Words == nil {
		t.Errorf("the words of the copy are %#v and %#v", c.Alternatives[0].Words, c.Alternatives[1].Words)
	}
}

// overwrite changes all strings that can be reached, so that fields added later are covered as well.
func overwrite(v reflect.Value) {
	switch v.Kind() {
	case reflect.String:
		v.SetString("overwritten")
	case reflect.Struct:
		for i := range v.NumField() {
			overwrite(v.Field(i))
		}
	case reflect.Slice:
		for i := range v.Len() {
			overwrite(v.Index(i))
		}
	case reflect.Pointer:
		if !v.IsNil() {
			overwrite(v.Elem())
		}
	}
}
