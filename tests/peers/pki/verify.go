// verify asks Go's crypto/x509 and crypto/tls about chains: one question per line of standard input, one answer per line of
// standard output, both JSON. With an address it shakes hands with that server instead of taking the chain from the question.
package main

import (
	"bufio"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"os"
	"time"
)

type question struct {
	Chain   [][]byte // DER, leaf first
	Roots   [][]byte // DER
	System  bool     // SystemCertPool beside the roots
	Host    string   // empty: names are not asked
	At      time.Time
	Address string
	Bundle  []byte // a CA file beside the roots; an error if it holds no certificate
}

type answer struct {
	OK    bool   `json:"ok"`
	Error string `json:"error"`
}

func parsed(ders [][]byte) ([]*x509.Certificate, error) {
	var found []*x509.Certificate
	for _, der := range ders {
		certificate, err := x509.ParseCertificate(der)
		if err != nil {
			return nil, err
		}
		found = append(found, certificate)
	}
	return found, nil
}

func pool(q question) (*x509.CertPool, error) {
	roots := x509.NewCertPool()
	if q.System {
		system, err := x509.SystemCertPool()
		if err != nil {
			return nil, err
		}
		roots = system
	}
	for _, der := range q.Roots {
		certificate, err := x509.ParseCertificate(der)
		if err != nil {
			continue // as AppendCertsFromPEM does
		}
		roots.AddCert(certificate)
	}
	if len(q.Bundle) > 0 && !roots.AppendCertsFromPEM(q.Bundle) {
		return nil, errors.New("unable to load CA cert")
	}
	return roots, nil
}

func verify(q question, roots *x509.CertPool) error {
	chain, err := parsed(q.Chain)
	if err != nil {
		return err
	}
	if len(chain) == 0 {
		return errors.New("no certificates")
	}
	intermediates := x509.NewCertPool()
	for _, certificate := range chain[1:] {
		intermediates.AddCert(certificate)
	}
	options := x509.VerifyOptions{Roots: roots, Intermediates: intermediates, CurrentTime: q.At, DNSName: q.Host}
	_, err = chain[0].Verify(options)
	return err
}

func dial(q question, roots *x509.CertPool) error {
	config := &tls.Config{RootCAs: roots, ServerName: q.Host, Time: func() time.Time { return q.At }}
	connection, err := tls.Dial("tcp", q.Address, config)
	if err == nil {
		err = connection.Close()
	}
	return err
}

func ask(q question) error {
	roots, err := pool(q)
	if err != nil {
		return err
	}
	if q.Address != "" {
		return dial(q, roots)
	}
	return verify(q, roots)
}

func main() {
	input := bufio.NewReader(os.Stdin)
	questions, answers := json.NewDecoder(input), json.NewEncoder(os.Stdout)
	for questions.More() {
		var q question
		if err := questions.Decode(&q); err != nil {
			panic(err)
		}
		var told answer
		if err := ask(q); err != nil {
			told.Error = err.Error()
		} else {
			told.OK = true
		}
		if err := answers.Encode(told); err != nil {
			panic(err)
		}
	}
}
