package main

import (
	"bytes"
	"fmt"
	"strings"
	"sync"
	"time"

	coapdtls "github.com/plgd-dev/go-coap/v3/dtls"
	"github.com/plgd-dev/go-coap/v3/message"
	"github.com/plgd-dev/go-coap/v3/message/codes"
	"github.com/plgd-dev/go-coap/v3/mux"
	coapnet "github.com/plgd-dev/go-coap/v3/net"
	"github.com/plgd-dev/go-coap/v3/net/blockwise"
	"github.com/plgd-dev/go-coap/v3/options"
	"github.com/plgd-dev/go-coap/v3/udp"
)

func coapServer() {
	bw := options.WithBlockwise(true, blockwise.SZX1024, time.Minute)
	if *plain {
		l, err := coapnet.NewListenUDP("udp", *addr)
		die(err)
		fmt.Println("LISTENING", l.LocalAddr())
		die(udp.NewServer(options.WithMux(router()), bw).Serve(l))
		return
	}
	_, so := dtlsOptions(true)
	l, err := coapnet.NewDTLSListener("udp", *addr, coapnet.NewDTLSServerOptions(so...))
	die(err)
	fmt.Println("LISTENING", l.Addr())
	die(coapdtls.NewServer(options.WithMux(router()), bw).Serve(l))
}

// store is a body that is put, or created, and got.
type store struct {
	mu   sync.Mutex
	body []byte
}

func (s *store) get(w mux.ResponseWriter, _ *mux.Message) {
	s.mu.Lock()
	defer s.mu.Unlock()
	respond(w, codes.Content, message.AppOctets, s.body)
}

func (s *store) set(q *mux.Message) {
	body, err := q.ReadBody()
	die(err)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.body = body
}

// router has the resources of the ETSI test descriptions, as far as they say something about go-coap.
func router() *mux.Router {
	r := mux.NewRouter()
	handle := func(path string, f mux.HandlerFunc) { die(r.Handle(path, f)) }
	handle("/test", test)
	handle("/separate", func(w mux.ResponseWriter, q *mux.Message) {
		// A handler that sets no response has the request acknowledged; the response is then a message of its own.
		go func(token message.Token, kind message.Type) {
			time.Sleep(time.Second)
			notify(w.Conn(), token, kind, -1, []byte("late"))
		}(append(message.Token(nil), q.Token()...), q.Type())
	})
	handle("/seg1/seg2/seg3", func(w mux.ResponseWriter, _ *mux.Message) {
		respond(w, codes.Content, message.TextPlain, []byte("deep"))
	})
	handle("/query", func(w mux.ResponseWriter, q *mux.Message) {
		queries, err := q.Queries()
		die(err)
		respond(w, codes.Content, message.TextPlain, []byte(strings.Join(queries, "&")))
	})
	handle("/location-query", func(w mux.ResponseWriter, _ *mux.Message) {
		die(w.SetResponse(codes.Created, message.TextPlain, nil,
			message.Option{ID: message.LocationQuery, Value: []byte("first=1")},
			message.Option{ID: message.LocationQuery, Value: []byte("second=2")}))
	})
	handle("/multi-format", func(w mux.ResponseWriter, q *mux.Message) {
		if accept, err := q.Accept(); err == nil && accept == message.AppXML {
			respond(w, codes.Content, message.AppXML, []byte("<text/>"))
			return
		}
		respond(w, codes.Content, message.TextPlain, []byte("text"))
	})
	handle("/large", func(w mux.ResponseWriter, _ *mux.Message) {
		respond(w, codes.Content, message.AppOctets, bytes.Repeat([]byte("0123456789abcdef"), 4096))
	})
	var updated, created store
	handle("/large-update", func(w mux.ResponseWriter, q *mux.Message) {
		if q.Code() == codes.GET {
			updated.get(w, q)
			return
		}
		updated.set(q)
		respond(w, codes.Changed, message.TextPlain, nil)
	})
	handle("/large-create", func(w mux.ResponseWriter, q *mux.Message) {
		created.set(q)
		die(w.SetResponse(codes.Created, message.TextPlain, nil,
			message.Option{ID: message.LocationPath, Value: []byte("large-create")},
			message.Option{ID: message.LocationPath, Value: []byte("1")}))
	})
	handle("/large-create/1", created.get)
	handle("/large-post", func(w mux.ResponseWriter, q *mux.Message) {
		body, err := q.ReadBody()
		die(err)
		respond(w, codes.Changed, message.AppOctets, bytes.ToUpper(body))
	})
	tick := func(n int) []byte { return fmt.Appendf(nil, "tick %d", n) }
	handle("/obs", ticking(message.Confirmable, tick))
	handle("/obs-non", ticking(message.NonConfirmable, tick))
	handle("/obs-large", ticking(message.Confirmable, func(n int) []byte {
		return bytes.Repeat([]byte{byte('0' + n%10)}, 3000)
	}))
	return r
}

func test(w mux.ResponseWriter, q *mux.Message) {
	switch q.Code() {
	case codes.GET:
		respond(w, codes.Content, message.TextPlain, []byte("test"))
	case codes.POST:
		var location message.Options
		for _, segment := range []string{"location1", "location2", "location3"} {
			location = append(location, message.Option{ID: message.LocationPath, Value: []byte(segment)})
		}
		die(w.SetResponse(codes.Created, message.TextPlain, nil, location...))
	case codes.DELETE:
		respond(w, codes.Deleted, message.TextPlain, nil)
	default:
		respond(w, codes.Changed, message.TextPlain, nil)
	}
}

func respond(w mux.ResponseWriter, code codes.Code, format message.MediaType, body []byte) {
	var reader *bytes.Reader
	if body == nil {
		die(w.SetResponse(code, format, nil))
		return
	}
	reader = bytes.NewReader(body)
	die(w.SetResponse(code, format, reader))
}

// ticking is a resource that changes several times a second.
func ticking(kind message.Type, body func(n int) []byte) mux.HandlerFunc {
	var observers sync.Map
	start := time.Now()
	state := func() []byte { return body(int(time.Since(start) / (300 * time.Millisecond))) }
	return func(w mux.ResponseWriter, q *mux.Message) {
		token := append(message.Token(nil), q.Token()...)
		register, err := q.Options().Observe()
		if err != nil || register != 0 {
			if ended, ok := observers.LoadAndDelete(token.String()); ok {
				close(ended.(chan struct{}))
			}
			respond(w, codes.Content, message.TextPlain, state())
			return
		}
		die(w.SetResponse(codes.Content, message.TextPlain, bytes.NewReader(state()),
			message.Option{ID: message.Observe, Value: []byte{2}}))
		ended := make(chan struct{})
		observers.Store(token.String(), ended)
		go func(cc mux.Conn) {
			for n := 1; n < 20; n++ {
				select {
				case <-ended:
					return
				case <-time.After(300 * time.Millisecond):
				}
				if notify(cc, token, kind, n+2, state()) != nil {
					return
				}
			}
		}(w.Conn())
	}
}

// notify sends a response on its own, as a notification unless sequence is negative.
func notify(cc mux.Conn, token message.Token, kind message.Type, sequence int, body []byte) error {
	m := cc.AcquireMessage(cc.Context())
	defer cc.ReleaseMessage(m)
	m.SetType(kind)
	m.SetCode(codes.Content)
	m.SetToken(token)
	m.SetContentFormat(message.TextPlain)
	if sequence >= 0 {
		m.SetObserve(uint32(sequence))
	}
	m.SetBody(bytes.NewReader(body))
	return cc.WriteMessage(m)
}
