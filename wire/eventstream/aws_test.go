package eventstream_test

import (
	"testing"
	"time"

	aws "github.com/aws/aws-sdk-go-v2/aws/protocol/eventstream"

	"github.com/earshot-stt/earshot/wire/eventstream"
)

// toAWS translates a message into the AWS module's types.
func toAWS(tb testing.TB, m *eventstream.Message) aws.Message {
	tb.Helper()
	out := aws.Message{Payload: m.Payload}
	for _, h := range m.Headers {
		out.Headers = append(out.Headers, aws.Header{Name: h.Name, Value: valueToAWS(tb, h.Value)})
	}
	return out
}

func valueToAWS(tb testing.TB, v eventstream.Value) aws.Value {
	tb.Helper()
	n, _ := v.Int()
	switch v.Type() {
	case eventstream.TypeBool:
		b, _ := v.Bool()
		return aws.BoolValue(b)
	case eventstream.TypeInt8:
		return aws.Int8Value(n)
	case eventstream.TypeInt16:
		return aws.Int16Value(n)
	case eventstream.TypeInt32:
		return aws.Int32Value(n)
	case eventstream.TypeInt64:
		return aws.Int64Value(n)
	case eventstream.TypeBytes:
		b, _ := v.Bytes()
		return aws.BytesValue(b)
	case eventstream.TypeString:
		s, _ := v.Text()
		return aws.StringValue(s)
	case eventstream.TypeTimestamp:
		t, _ := v.Time()
		return aws.TimestampValue(t)
	case eventstream.TypeUUID:
		u, _ := v.UUID()
		return aws.UUIDValue(u)
	}
	tb.Fatalf("no AWS value for %s", v.Type())
	return nil
}

// fromAWS translates a message out of the AWS module's types.
func fromAWS(tb testing.TB, m aws.Message) eventstream.Message {
	tb.Helper()
	out := eventstream.Message{Payload: m.Payload}
	for _, h := range m.Headers {
		out.Headers = append(out.Headers, eventstream.Header{Name: h.Name, Value: valueFromAWS(tb, h.Value)})
	}
	return out
}

func valueFromAWS(tb testing.TB, v aws.Value) eventstream.Value {
	tb.Helper()
	switch v := v.(type) {
	case aws.BoolValue:
		return eventstream.Bool(bool(v))
	case aws.Int8Value:
		return eventstream.Int8(int8(v))
	case aws.Int16Value:
		return eventstream.Int16(int16(v))
	case aws.Int32Value:
		return eventstream.Int32(int32(v))
	case aws.Int64Value:
		return eventstream.Int64(int64(v))
	case aws.BytesValue:
		return eventstream.Bytes(v)
	case aws.StringValue:
		return eventstream.String(string(v))
	case aws.TimestampValue:
		return eventstream.Timestamp(time.Time(v))
	case aws.UUIDValue:
		return eventstream.UUID(v)
	}
	tb.Fatalf("unknown AWS value %T", v)
	return eventstream.Value{}
}
