package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"time"

	coapdtls "github.com/plgd-dev/go-coap/v3/dtls"
	"github.com/plgd-dev/go-coap/v3/message"
	"github.com/plgd-dev/go-coap/v3/message/codes"
	"github.com/plgd-dev/go-coap/v3/message/pool"
	"github.com/plgd-dev/go-coap/v3/net/blockwise"
	"github.com/plgd-dev/go-coap/v3/options"
	"github.com/plgd-dev/go-coap/v3/udp"
	udpclient "github.com/plgd-dev/go-coap/v3/udp/client"
)

// spec is a request as a line of JSON describes it.
type spec struct {
	Method      string
	Path        []string
	Query       []string
	Confirmable bool
	Options     [][2]any
	Payload     string
	Szx         *uint32
	Observe     int
	Ping        bool
}

var methods = map[string]codes.Code{"GET": codes.GET, "POST": codes.POST, "PUT": codes.PUT, "DELETE": codes.DELETE}

// coapClient makes the request that each line of stdin describes and prints the answer as a line.
func coapClient() {
	opts := []udp.Option{options.WithBlockwise(true, blockwise.SZX1024, time.Minute)}
	var cc *udpclient.Conn
	var err error
	if *plain {
		cc, err = udp.Dial(*addr, opts...)
	} else {
		o, _ := dtlsOptions(false)
		var co []clientOption
		for _, x := range o {
			co = append(co, x)
		}
		cc, err = coapdtls.Dial(*addr, coapdtls.NewDTLSClientOptions(co...), opts...)
	}
	die(err)
	defer cc.Close()
	fmt.Println("READY")
	in := bufio.NewScanner(os.Stdin)
	in.Buffer(nil, 1<<20)
	for in.Scan() {
		answer, err := ask(cc, in.Bytes())
		if err != nil {
			answer = map[string]any{"error": err.Error()}
		}
		line, err := json.Marshal(answer)
		die(err)
		fmt.Println(string(line))
	}
}

func ask(cc *udpclient.Conn, line []byte) (map[string]any, error) {
	var s spec
	if err := json.Unmarshal(line, &s); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(context.Background(), 15*time.Second)
	defer cancel()
	if s.Ping {
		return map[string]any{}, cc.Ping(ctx)
	}
	q, err := request(ctx, cc, s)
	if err != nil {
		return nil, err
	}
	if s.Observe > 0 {
		return observe(ctx, cc, q, s.Observe)
	}
	m, err := cc.Do(q)
	if err != nil {
		return nil, err
	}
	var list []any
	for _, o := range m.Options() {
		list = append(list, []any{o.ID, hex.EncodeToString(o.Value)})
	}
	code := fmt.Sprintf("%d.%02d", m.Code()>>5, m.Code()&31)
	return map[string]any{"code": code, "options": list, "payload": body(m)}, nil
}

func request(ctx context.Context, cc *udpclient.Conn, s spec) (*pool.Message, error) {
	q := cc.AcquireMessage(ctx)
	token, err := message.GetToken()
	if err != nil {
		return nil, err
	}
	q.SetToken(token)
	q.SetCode(methods[s.Method])
	if !s.Confirmable {
		q.SetType(message.NonConfirmable)
	}
	for _, o := range s.Options {
		value, err := hex.DecodeString(o[1].(string))
		if err != nil {
			return nil, err
		}
		q.AddOptionBytes(message.OptionID(o[0].(float64)), value)
	}
	for _, segment := range s.Path {
		q.AddOptionString(message.URIPath, segment)
	}
	for _, query := range s.Query {
		q.AddOptionString(message.URIQuery, query)
	}
	if s.Szx != nil {
		q.SetOptionUint32(message.Block2, *s.Szx)
	}
	if s.Payload != "" {
		payload, err := hex.DecodeString(s.Payload)
		if err != nil {
			return nil, err
		}
		q.SetBody(bytes.NewReader(payload))
	}
	return q, nil
}

func observe(ctx context.Context, cc *udpclient.Conn, q *pool.Message, count int) (map[string]any, error) {
	seen := make(chan string, 64)
	q.SetObserve(0)
	o, err := cc.DoObserve(q, func(m *pool.Message) { seen <- body(m) })
	if err != nil {
		return nil, err
	}
	var list []string
	for len(list) < count {
		select {
		case one := <-seen:
			list = append(list, one)
		case <-ctx.Done():
			return nil, errors.New("no notification in time")
		}
	}
	return map[string]any{"notifications": list}, o.Cancel(ctx)
}

func body(m *pool.Message) string {
	b, err := m.ReadBody()
	die(err)
	return hex.EncodeToString(b)
}
