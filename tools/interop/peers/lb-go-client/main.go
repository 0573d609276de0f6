// lb-go-client is an MSC3079 client built as the existing ones are: pion/dtls 2.0.9 without connection ids, go-coap
// 2.4.0, Content-Format 42 on a GET, a zero-length option 256 where there is no token, and a table of ten response
// codes in which everything else is a failure.
//
// Usage: lb-go-client HOST:PORT. It reads one JSON request a line from stdin and writes one JSON answer a line to
// stdout, after a first line {"connected":true}. The method OBSERVE registers as go-coap does, with Message ID 0, and is
// answered with a line for each response: that to the registration, and every notification.
package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	piondtls "github.com/pion/dtls/v2"
	"github.com/plgd-dev/go-coap/v2/dtls"
	"github.com/plgd-dev/go-coap/v2/message"
	"github.com/plgd-dev/go-coap/v2/message/codes"
	"github.com/plgd-dev/go-coap/v2/net/blockwise"
	"github.com/plgd-dev/go-coap/v2/udp/client"
	"github.com/plgd-dev/go-coap/v2/udp/message/pool"
)

const authorization = message.OptionID(256)

type request struct {
	Method string   `json:"method"`
	Path   []string `json:"path"`
	Query  []string `json:"query"`
	Token  string   `json:"token"`
	Body   string   `json:"body"` // hex, CBOR
	// TimeoutMs bounds the whole exchange.
	TimeoutMs int `json:"timeoutMs"`
}

type answer struct {
	Status int    `json:"status,omitempty"`
	Code   string `json:"code,omitempty"`
	Format int    `json:"format"`
	Body   string `json:"body"` // hex
	Error  string `json:"error,omitempty"`
	// MessageID and Observe are those of a notification.
	MessageID int `json:"messageId"`
	Observe   int `json:"observe"`
}

var methods = map[string]codes.Code{"GET": codes.GET, "POST": codes.POST, "PUT": codes.PUT, "DELETE": codes.DELETE}

var statuses = map[codes.Code]int{
	codes.Content: 200, codes.BadRequest: 400, codes.Unauthorized: 401, codes.Forbidden: 403, codes.NotFound: 404,
	codes.MethodNotAllowed: 405, codes.RequestEntityTooLarge: 413, codes.InternalServerError: 500,
	codes.BadGateway: 502, codes.GatewayTimeout: 504,
}

var counter uint32

// lines is stdout, which answers and notifications share.
type lines struct {
	mutex sync.Mutex
	to    *json.Encoder
}

func (l *lines) Encode(line interface{}) error {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	return l.to.Encode(line)
}

func main() {
	out := &lines{to: json.NewEncoder(os.Stdout)}
	conn, err := dtls.Dial(os.Args[1], &piondtls.Config{InsecureSkipVerify: true},
		dtls.WithHeartBeat(time.Second),
		dtls.WithErrors(func(error) {}),
		dtls.WithBlockwise(true, blockwise.SZX1024, time.Minute),
		dtls.WithMaxMessageSize(8<<20),
		dtls.WithTransmission(time.Second, 9*time.Second, 4))
	if err != nil {
		_ = out.Encode(answer{Error: err.Error()})
		os.Exit(1)
	}
	_ = out.Encode(map[string]bool{"connected": true})
	in := bufio.NewScanner(os.Stdin)
	in.Buffer(make([]byte, 1<<20), 16<<20)
	for in.Scan() {
		var r request
		if err := json.Unmarshal(in.Bytes(), &r); err != nil {
			_ = out.Encode(answer{Error: err.Error()})
			continue
		}
		if r.Method == "OBSERVE" {
			observe(conn, r, out)
			continue
		}
		_ = out.Encode(do(conn, r))
	}
	_ = conn.Close()
}

func do(conn *client.ClientConn, r request) answer {
	ctx, cancel := context.WithTimeout(context.Background(), time.Duration(r.TimeoutMs)*time.Millisecond)
	defer cancel()
	m := pool.AcquireMessage(ctx)
	defer pool.ReleaseMessage(m)
	m.SetCode(methods[r.Method])
	m.SetToken(message.Token{byte(atomic.AddUint32(&counter, 1))})
	for _, segment := range r.Path {
		m.AddOptionString(message.URIPath, segment)
	}
	for _, query := range r.Query {
		m.AddQuery(query)
	}
	m.SetOptionString(authorization, strings.TrimSpace(r.Token))
	if r.Body == "" {
		m.SetContentFormat(message.AppOctets)
	} else {
		body, err := hex.DecodeString(r.Body)
		if err != nil {
			return answer{Error: err.Error()}
		}
		m.SetContentFormat(message.AppCBOR)
		m.SetBody(bytes.NewReader(body))
	}
	response, err := conn.Do(m)
	if err != nil {
		return answer{Error: err.Error()}
	}
	defer pool.ReleaseMessage(response)
	return read(response)
}

// observe writes a line for each response, for as long as the connection lasts.
func observe(conn *client.ClientConn, r request, out *lines) {
	options := make([]message.Option, 0, len(r.Query)+1)
	for _, query := range r.Query {
		options = append(options, message.Option{ID: message.URIQuery, Value: []byte(query)})
	}
	options = append(options, message.Option{ID: authorization, Value: []byte(strings.TrimSpace(r.Token))})
	ctx, cancel := context.WithTimeout(context.Background(), time.Duration(r.TimeoutMs)*time.Millisecond)
	defer cancel()
	_, err := conn.Observe(ctx, "/"+strings.Join(r.Path, "/"), func(notification *pool.Message) {
		line := read(notification)
		line.MessageID = int(notification.MessageID())
		line.Observe = -1
		if value, err := notification.Observe(); err == nil {
			line.Observe = int(value)
		}
		_ = out.Encode(line)
	}, options...)
	if err != nil {
		_ = out.Encode(answer{Error: err.Error()})
	}
}

func read(response *pool.Message) answer {
	status, known := statuses[response.Code()]
	if !known {
		return answer{Error: "cannot convert CoAP to HTTP: " + response.Code().String()}
	}
	body, err := response.ReadBody()
	if err != nil {
		return answer{Error: err.Error()}
	}
	format := -1
	if f, err := response.ContentFormat(); err == nil {
		format = int(f)
	}
	return answer{Status: status, Code: response.Code().String(), Format: format, Body: hex.EncodeToString(body)}
}
