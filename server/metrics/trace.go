package metrics

import (
	"context"
	"log/slog"
	"strings"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/sdk/resource"
	sdk "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"

	"github.com/earshot-stt/earshot/session"
	"github.com/earshot-stt/earshot/stt"
)

// Traces makes a span of each stream and sends it to a collector. It implements session.Observer. Its methods may be called
// concurrently.
type Traces struct {
	provider *sdk.TracerProvider
	tracer   trace.Tracer
}

// The environment variables that OpenTelemetry names. The exporter itself reads the others, such as OTEL_EXPORTER_OTLP_HEADERS.
const (
	endpointVariable = "OTEL_EXPORTER_OTLP_ENDPOINT"
	tracesVariable   = "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"
)

// TracesEndpoint returns where the environment says that traces go, as OpenTelemetry has it; empty: nowhere.
func TracesEndpoint(getenv func(string) string) string {
	if url := getenv(tracesVariable); url != "" {
		return url
	}
	if url := getenv(endpointVariable); url != "" {
		return strings.TrimSuffix(url, "/") + "/v1/traces"
	}
	return ""
}

// OpenTraces returns traces that go to an address, by OTLP over HTTP. It does not wait for the collector, and a collector that does not
// answer keeps nobody: spans that it does not take are dropped, which the log is told of now and then. It fails with Invalid for what is no address.
func OpenTraces(ctx context.Context, endpoint, version string, log *slog.Logger) (*Traces, error) {
	if !strings.HasPrefix(endpoint, "http://") && !strings.HasPrefix(endpoint, "https://") {
		return nil, stt.InvalidOption("traces", endpoint, "an address such as http://127.0.0.1:4318/v1/traces")
	}
	exporter, err := otlptracehttp.New(ctx, otlptracehttp.WithEndpointURL(endpoint))
	if err != nil {
		return nil, &stt.Error{Code: stt.Invalid, Op: "open", Option: "traces", Msg: "traces cannot be sent to that address", Err: err}
	}
	return newTraces(sdk.NewBatchSpanProcessor(&patient{SpanExporter: exporter, log: log}), version), nil
}

func newTraces(to sdk.SpanProcessor, version string) *Traces {
	of := resource.NewSchemaless(attribute.String("service.name", "earshot"), attribute.String("service.version", version))
	provider := sdk.NewTracerProvider(sdk.WithSpanProcessor(to), sdk.WithResource(of))
	return &Traces{provider: provider, tracer: provider.Tracer("github.com/earshot-stt/earshot")}
}

// Close sends what is left and returns when that is done, or ctx is.
func (t *Traces) Close(ctx context.Context) error { return t.provider.Shutdown(ctx) }

// patient is an exporter whose failures go into our log, and not into everybody's. One goroutine uses it at a time.
type patient struct {
	sdk.SpanExporter
	log  *slog.Logger
	told time.Time // when the log was last told
}

// ExportSpans implements sdk.SpanExporter.
func (p *patient) ExportSpans(ctx context.Context, spans []sdk.ReadOnlySpan) error {
	err := p.SpanExporter.ExportSpans(ctx, spans)
	if err != nil && time.Since(p.told) >= time.Minute {
		p.told = time.Now()
		p.log.Warn("traces cannot be sent, and are dropped", slog.Int("spans", len(spans)), slog.Any("error", err))
	}
	return nil // there is nobody else to tell
}

// describeRequest says who asks for what.
func describeRequest(r *session.Request) []attribute.KeyValue {
	return []attribute.KeyValue{attribute.String("earshot.protocol", r.Protocol), attribute.String("earshot.operation", r.Operation),
		attribute.String("earshot.account", r.Account), attribute.String("earshot.key", r.Payer()),
		attribute.String("earshot.session", r.ID), attribute.String("earshot.request", r.Request)}
}

// Refused implements session.Observer.
func (t *Traces) Refused(ctx context.Context, r *session.Request, why error) {
	_, span := t.tracer.Start(ctx, "stream refused", trace.WithSpanKind(trace.SpanKindServer), trace.WithAttributes(describeRequest(r)...))
	fail(span, why)
	span.End()
}

// Opened implements session.Observer.
func (t *Traces) Opened(ctx context.Context, l *session.Live) session.Witness {
	_, span := t.tracer.Start(ctx, "stream", trace.WithSpanKind(trace.SpanKindServer), trace.WithTimestamp(l.Since),
		trace.WithAttributes(describeRequest(l.Request)...),
		trace.WithAttributes(attribute.String("earshot.serial", l.Serial), attribute.String("earshot.model", l.Model), attribute.String("earshot.language", l.Language)))
	return &traced{span: span}
}

// mostEvents bounds the events of a span: a stream may last for hours.
const mostEvents = 100

// traced is a stream that is traced. It implements session.Witness. One goroutine uses it at a time.
type traced struct {
	span   trace.Span
	events int
}

// FirstWords implements session.Witness.
func (s *traced) FirstWords(after time.Duration) { s.event("first words", after) }

// Final implements session.Witness.
func (s *traced) Final(after time.Duration) { s.event("final", after) }

func (s *traced) event(name string, after time.Duration) {
	if s.events++; s.events <= mostEvents {
		s.span.AddEvent(name, trace.WithAttributes(attribute.Float64("earshot.after_seconds", after.Seconds())))
	}
}

// Closed implements session.Witness.
func (s *traced) Closed(u *session.Usage) {
	s.span.SetAttributes(attribute.Float64("earshot.audio_seconds", u.Audio.Seconds()), attribute.Int("earshot.finals", u.Finals), attribute.Int("earshot.partials", u.Partials))
	if u.Err != nil {
		fail(s.span, u.Err)
	}
	s.span.End()
}

// fail notes why something ended. Causes are for the log: what they say has not been looked at for secrets.
func fail(span trace.Span, why error) {
	e := stt.AsError(why)
	span.SetAttributes(attribute.String("earshot.code", e.Code.String()))
	span.SetStatus(codes.Error, e.Msg)
}
