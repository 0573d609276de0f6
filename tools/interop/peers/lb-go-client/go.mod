module lb-go-client

go 1.20

require (
	github.com/pion/dtls/v2 v2.0.9
	github.com/plgd-dev/go-coap/v2 v2.4.0
)

require (
	github.com/dsnet/golib/memfile v0.0.0-20200723050859-c110804dfa93 // indirect
	github.com/patrickmn/go-cache v2.1.0+incompatible // indirect
	github.com/pion/logging v0.2.2 // indirect
	github.com/pion/transport v0.12.3 // indirect
	github.com/pion/udp v0.1.1 // indirect
	github.com/plgd-dev/kit v0.0.0-20200819113605-d5fcf3e94f63 // indirect
	go.uber.org/atomic v1.6.0 // indirect
	golang.org/x/crypto v0.0.0-20210322153248-0c34fe9e7dc2 // indirect
	golang.org/x/net v0.0.0-20210331212208-0fccb6fa2b5c // indirect
	golang.org/x/sys v0.0.0-20210330210617-4fbd30eecc44 // indirect
	golang.org/x/xerrors v0.0.0-20200804184101-5ec99f83aff1 // indirect
)
