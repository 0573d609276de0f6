// pion: a DTLS 1.2 echo server (pion/dtls) that tells what CPU time it has used. It speaks as tools/bench/src/report-cpu.ts does:
// its port on stdout, then a line for each line of stdin.
package main

import (
	"bufio"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"log"
	"math/big"
	"net"
	"os"
	"strings"
	"syscall"
	"time"

	"github.com/pion/dtls/v3"
	dtlscurve "github.com/pion/dtls/v3/pkg/crypto/elliptic"
)

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

func selfSigned() tls.Certificate {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	check(err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1),
		Subject:      pkix.Name{CommonName: "bench"},
		NotBefore:    time.Now().Add(-time.Hour),
		NotAfter:     time.Now().Add(24 * time.Hour),
		DNSNames:     []string{"localhost"},
		IPAddresses:  []net.IP{net.IPv4(127, 0, 0, 1)},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	check(err)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

func echo(conn net.Conn) {
	defer conn.Close()
	buffer := make([]byte, 2048)
	for {
		length, err := conn.Read(buffer)
		if err != nil {
			return
		}
		if _, err := conn.Write(buffer[:length]); err != nil {
			return
		}
	}
}

// rss is what the process has in memory now, in bytes; 0 where the system does not tell.
func rss() (bytes int) {
	statm, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		return 0
	}
	var size, resident int
	fmt.Fscan(strings.NewReader(string(statm)), &size, &resident)
	return resident * os.Getpagesize()
}

func main() {
	address := &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)}
	listener, err := dtls.ListenWithOptions("udp", address,
		dtls.WithCertificates(selfSigned()),
		dtls.WithCipherSuites(dtls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256),
		dtls.WithEllipticCurves(dtlscurve.X25519),
	)
	check(err)
	go func() {
		for {
			conn, err := listener.Accept()
			if err == nil {
				go echo(conn)
			}
		}
	}()
	fmt.Printf("{\"port\":%d}\n", listener.Addr().(*net.UDPAddr).Port)
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		var usage syscall.Rusage
		check(syscall.Getrusage(syscall.RUSAGE_SELF, &usage))
		cpu := time.Duration(usage.Utime.Nano() + usage.Stime.Nano()).Microseconds()
		fmt.Printf("{\"cpu\":%d,\"rss\":%d}\n", cpu, rss())
	}
}
