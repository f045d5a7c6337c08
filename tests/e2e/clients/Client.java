// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// java Client.java URL CA COOKIE VERSION: the exchanges of real_clients_test.mjs with Java's HttpClient. VERSION: HTTP_1_1 or HTTP_2. Says
// what went wrong and ends with 1.
import java.io.ByteArrayInputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublisher;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.security.MessageDigest;
import java.security.cert.CertificateFactory;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Objects;
import java.util.stream.IntStream;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;

public class Client {
  static String url, cookie;
  static HttpClient.Version version;
  static HttpClient client;
  static final byte[] large = new byte[256 * 12288];

  static void agree(String what, Object seen, Object wanted) {
    if (Objects.equals(seen, wanted)) return;
    System.err.println(what + ": " + seen + ", not " + wanted);
    System.exit(1);
  }

  static HttpRequest.Builder request(String path) {
    return HttpRequest.newBuilder(URI.create(url + path)).header("Cookie", cookie);
  }

  static HttpResponse<String> ask(HttpRequest request) throws Exception {
    return client.send(request, BodyHandlers.ofString());
  }

  static String send(String method, BodyPublisher body, boolean expect) throws Exception {
    return ask(request("/up").method(method, body).expectContinue(expect).build()).body();
  }

  static SSLContext trusting(Path authority) throws Exception {
    KeyStore roots = KeyStore.getInstance(KeyStore.getDefaultType());
    roots.load(null);
    try (var in = Files.newInputStream(authority)) {
      roots.setCertificateEntry("authority", CertificateFactory.getInstance("X.509").generateCertificate(in));
    }
    var trust = TrustManagerFactory.getInstance("PKIX");
    trust.init(roots);
    var context = SSLContext.getInstance("TLS");
    context.init(null, trust.getTrustManagers(), null);
    return context;
  }

  static void many() {
    var all = IntStream.range(0, 50).mapToObj(i -> client.sendAsync(request("/n/" + i).build(), BodyHandlers.ofString())).toList();
    for (int i = 0; i < all.size(); i++) agree("many", all.get(i).join().body(), "GET /n/" + i);
  }

  public static void main(String[] arguments) throws Exception {
    url = arguments[0];
    cookie = arguments[2];
    version = HttpClient.Version.valueOf(arguments[3]);
    client = HttpClient.newBuilder().version(version).followRedirects(HttpClient.Redirect.NORMAL).sslContext(trusting(Path.of(arguments[1]))).build();
    for (int i = 0; i < large.length; i++) large[i] = (byte) i;
    for (int i = 0; i < 20; i++) {
      var answer = ask(request("/small/" + i + "?a=b+c&d=%c3%a9%26").build());
      agree("small", answer.statusCode() + " " + answer.version() + " " + answer.body(), "200 " + version + " GET /small/" + i + "?a=b%20c&d=%C3%A9%26");
    }
    many();
    agree("large", Arrays.equals(client.send(request("/large").build(), BodyHandlers.ofByteArray()).body(), large), true);
    String sum = large.length + " " + HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(large));
    agree("upload", send("POST", BodyPublishers.ofByteArray(large), false), sum);
    agree("upload without a length", send("PUT", BodyPublishers.ofInputStream(() -> new ByteArrayInputStream(large)), false), sum);
    agree("expect", send("POST", BodyPublishers.ofByteArray(large), true), sum);
    agree("empty", send("POST", BodyPublishers.noBody(), false).split(" ")[0], "0");
    agree("head", ask(request("/large").method("HEAD", BodyPublishers.noBody()).build()).body(), "");
    agree("no content", ask(request("/none").build()).statusCode(), 204);
    agree("trailers", ask(request("/trailers").build()).body(), "body");
    agree("gzip", ask(request("/gzip").build()).body(), "unpacked ".repeat(1000));
    agree("range", client.send(request("/large").header("Range", "bytes=5-9").build(), BodyHandlers.ofByteArray()).body().length, large.length);
    var moved = ask(request("/moved").build());
    agree("redirect", moved.body() + " " + moved.uri().getPath(), "GET /arrived /arrived");
    agree("refused", ask(request("/small").DELETE().build()).statusCode(), 403);
    agree("slow", ask(request("/slow").build()).body(), "one\ntwo\nthree\n");
  }
}
