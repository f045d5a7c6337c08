// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// client URL CA COOKIE VERSION: the exchanges of real_clients_test.mjs with Go's net/http. VERSION: HTTP/1.1 or HTTP/2.0. Says what went
// wrong and ends with 1.
package main

import (
	"bytes"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"os"
	"strings"
	"sync"
	"time"
)

var (
	url, cookie, version = os.Args[1], os.Args[3], os.Args[4]
	client               *http.Client
	large                []byte
)

func agree(what string, seen, wanted any) {
	if fmt.Sprint(seen) != fmt.Sprint(wanted) {
		fmt.Fprintf(os.Stderr, "%s: %.200v, not %.200v\n", what, seen, wanted)
		os.Exit(1)
	}
}

// ask: the answer, and its body.
func ask(method, path string, body io.Reader, more ...string) (*http.Response, string) {
	request, err := http.NewRequest(method, url+path, body)
	agree(path, err, nil)
	request.Header.Set("Cookie", cookie)
	for i := 0; i+1 < len(more); i += 2 {
		request.Header.Set(more[i], more[i+1])
	}
	answer, err := client.Do(request)
	agree(path, err, nil)
	text, err := io.ReadAll(answer.Body)
	agree(path, err, nil)
	agree(path+" closed", answer.Body.Close(), nil)
	return answer, string(text)
}

// expect: the server is asked before the body is sent, and says that it wants it.
func expect() {
	continued := false
	trace := &httptrace.ClientTrace{Got100Continue: func() { continued = true }}
	request, _ := http.NewRequest("POST", url+"/up", bytes.NewReader(large))
	request = request.WithContext(httptrace.WithClientTrace(request.Context(), trace))
	request.Header.Set("Cookie", cookie)
	request.Header.Set("Expect", "100-continue")
	answer, err := client.Do(request)
	agree("expect", err, nil)
	text, _ := io.ReadAll(answer.Body)
	answer.Body.Close()
	agree("expect", string(text), fmt.Sprintf("%d %x", len(large), sha256.Sum256(large)))
	agree("it was told to go on", continued, true)
}

func main() {
	for i := 0; i < 12288*256; i++ {
		large = append(large, byte(i))
	}
	roots := x509.NewCertPool()
	authority, _ := os.ReadFile(os.Args[2])
	agree("the authority", roots.AppendCertsFromPEM(authority), true)
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}, ForceAttemptHTTP2: version == "HTTP/2.0", ExpectContinueTimeout: time.Minute}
	client = &http.Client{Transport: transport}
	for i := 0; i < 20; i++ {
		answer, text := ask("GET", fmt.Sprintf("/small/%d?a=b+c&d=%%c3%%a9%%26", i), nil)
		agree("small", []any{answer.StatusCode, answer.Proto, text}, []any{200, version, fmt.Sprintf("GET /small/%d?a=b%%20c&d=%%C3%%A9%%26", i)})
	}
	var all sync.WaitGroup
	for i := 0; i < 50; i++ {
		all.Add(1)
		go func(i int) {
			defer all.Done()
			_, text := ask("GET", fmt.Sprintf("/n/%d", i), nil)
			agree("many", text, fmt.Sprintf("GET /n/%d", i))
		}(i)
	}
	all.Wait()
	_, text := ask("GET", "/large", nil)
	agree("large", text == string(large), true)
	sum := fmt.Sprintf("%d %x", len(large), sha256.Sum256(large))
	_, text = ask("POST", "/up", bytes.NewReader(large))
	agree("upload", text, sum)
	_, text = ask("PUT", "/up", io.MultiReader(bytes.NewReader(large)))
	agree("upload without a length", text, sum)
	_, text = ask("POST", "/up", nil)
	agree("empty", strings.Fields(text)[0], "0")
	expect()
	answer, text := ask("HEAD", "/large", nil)
	agree("head", []any{answer.StatusCode, text}, []any{200, ""})
	answer, _ = ask("GET", "/none", nil)
	agree("no content", answer.StatusCode, 204)
	answer, text = ask("GET", "/trailers", nil)
	agree("trailers", []any{text, answer.Trailer.Get("X-End")}, []any{"body", "1"})
	_, text = ask("GET", "/gzip", nil)
	agree("gzip", text, strings.Repeat("unpacked ", 1000))
	answer, text = ask("GET", "/large", nil, "Range", "bytes=5-9")
	agree("range", []any{answer.StatusCode, len(text)}, []any{200, len(large)})
	answer, text = ask("GET", "/moved", nil)
	agree("redirect", []any{text, answer.Request.URL.Path}, []any{"GET /arrived", "/arrived"})
	answer, _ = ask("DELETE", "/small", nil)
	agree("refused", answer.StatusCode, 403)
	_, text = ask("GET", "/slow", nil)
	agree("slow", text, "one\ntwo\nthree\n")
}
