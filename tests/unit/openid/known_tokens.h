// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Tokens that OpenSSL's sign() under Node.js made, one per algorithm, each by a key that exists nowhere else, over
// {"sub":"ada"}; and RFC 7515 appendix A.3.
#pragma once

#include <string_view>

namespace postern::openid {

struct KnownToken {
  std::string_view algorithm, kid, key, token;
};

inline constexpr KnownToken kKnownTokens[] = {
    {"RS256", "rs",
     R"({"kty":"RSA","n":"uJ0IU-TPy_e7octBb9G_3tt6AKdWj2SglwPU27Yi8kaix2EQJy6Cy_s-Wfsc4gMy45iNtT8u-t4HLYrrSbT3NRNpZxtabXU1kQAjri4nrlRLymoCchbiWdlKyR2HrnDzkYNHYEE0zQBoBt1lD9M7dhqjVN_MiZct6O6AiXwR_9ERERPirI2ffabQDtUn-6EZmnazt6PBy0NA-TMxgNUWtbtT2L81mYQVbYWz3CYVUp12XgqD7hFqAkeRlniBXgwcEIsOzaCR9yhCt06zaORuNDk8TGzsuZtjqg_41FShDIZotQA_1tplbB-nWgWb0JlJxbCiysPJk78TvexTFT1P4w","e":"AQAB","kid":"rs","alg":"RS256","use":"sig"})",
     "eyJhbGciOiJSUzI1NiIsImtpZCI6InJzIn0.eyJzdWIiOiJhZGEifQ.Dj-kzv5YwF_INF1QjrFdspX-jMH69lmjY-qNPsaxb2TpKiS_"
     "095K-J9vF360dnskmGLlncpKQy4pViOf9_gPOdvC40dUIBCOPzfsY4ZhyvDEnds4ux9Jv9IGVMNAaI6xx9npXOnzbjXo6_"
     "hlSiL7yJZkTeCMFM-ibaLiqRRzReMj_"
     "MkLtVphGkY4FHD0xhtZKrJm48qlm8NwyQwxs5UYsdwnrAX5mHO3pWP2tfmlSezJgV6LMoyRdkRAJr53ef0KRCflire6xtjfstO2gNSV"
     "Wo6LG_I8qXj-85qW0mxC0Syj5LuW5EPvleB29TXPZQwR7FEoTtKgUsprIMxetNVjrg"},
    {"PS256", "ps",
     R"({"kty":"RSA","n":"rCPe_vV4M5KyQwfV_YXPhh-r2jdl5ldI7IYsskoN3xb0I143XMOcBFRFOljBR810tIOm23abiYkrxTviebnwihasn_cvNgXqgnS85R98WuYp_fydjuHcWtNmewocs2k8ormryxaHOW6Bcuv-WMkrUOXhvqhJ-sZNPpMgczlAyxliA6EVFVfVnHsRzoZo4orIfoONfCfvC8UawS27swScgBFKS6WLBMDHqmImGhXVi7nai3AhmGebzHJ6OfArI6FAWntYv1GhXRxfURzjAdGaTbNPfe6kvH7YYY6HrYWKqdhZdW7asvnbyX0QBqhIwPPZhg7E_fxAbPZg74-OY6PmoQ","e":"AQAB","kid":"ps","alg":"PS256","use":"sig"})",
     "eyJhbGciOiJQUzI1NiIsImtpZCI6InBzIn0.eyJzdWIiOiJhZGEifQ.PlN65hrhW3yLgTZOBxCFujVgawVzFK605DVJboopty-"
     "LZp1k-mkcZgTkrWAKcoxixJDOzjzy5_kmdAjohGOQ96nD5Vk5tA9uzlsnOa4-4iXy09rKW-"
     "ii5GbHl86T2PJUijLzJI4sR5cwLKSRyULkn6x0nvBq1AtJU8w1cCXRy110iZBGLYKFa1aR4HmufapNNx8D7MBZyp2IUO0jkfp-"
     "2jsrX0gJy5qZaXA5VwFNwkTWW5GEYX36KS07xeDxMNzsGAc65avEMvN2c3vcba6x5aIAqMsNtg-l85W-laLef-"
     "MZUYyZaH1tnmT3datXdFQ-FAAC2ixWc3GsNSI3uyNChA"},
    {"ES256", "es",
     R"({"kty":"EC","x":"bC-ZBHfMR1UJfj63uMNT11GNlTwFjEtfWzJg7K7jS-U","y":"ZBpdS-EBBiaHdVOsmzTREDuv4Oj9y3MYfW_xt1h-wkI","crv":"P-256","kid":"es","alg":"ES256","use":"sig"})",
     "eyJhbGciOiJFUzI1NiIsImtpZCI6ImVzIn0.eyJzdWIiOiJhZGEifQ."
     "5JtNvIQaCNuO7fmN8L3jEH4IMpwUedIc25ngaLwGyy84Ult5pYQ2dNd5njd-ZCXJYo8mBznKwdylPUuASvkYpA"},
    {"ES384", "es384",
     R"({"kty":"EC","x":"cEOOtydlSaX_5jhHsBJR7m7ejRlMDS7ZWceujTkqzlGGNOTkgtwfi426U_dSQu97","y":"eIHfJTpKtTAzTv7JM3dAXY_sanS2A9-OWf5qKIdvR4fnKU-gnW0TlyZCmWhUaRXz","crv":"P-384","kid":"es384","alg":"ES384","use":"sig"})",
     "eyJhbGciOiJFUzM4NCIsImtpZCI6ImVzMzg0In0.eyJzdWIiOiJhZGEifQ.BYtbLEG2XzrYk_IU_9xroJN3wNKQO1oFnsf-"
     "SWJNjzld3DrCREMdkxIBy64oYU9-KHD82Ywmbs5CK0xQ0QjrJJETg2_i34dW0EZryDLVlfJxExe3sPZFV_HfcjV9C7bN"},
    {"EdDSA", "ed",
     R"({"crv":"Ed25519","x":"8uppBxv79hNLueHB936bPaxpvzaiQtmpsyBcZ_yy0aA","kty":"OKP","kid":"ed","alg":"EdDSA","use":"sig"})",
     "eyJhbGciOiJFZERTQSIsImtpZCI6ImVkIn0.eyJzdWIiOiJhZGEifQ."
     "zTCYWarxwOJWBI7qeAXlKx3fWRKq3xys2CHup4jPdfxmZxaF4uruuiryseZ9Qz6-cQwssri391EVYyoHfx_UDw"},
    // RFC 7515 appendix A.3
    {"ES256", "",
     R"({"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"})",
     "eyJhbGciOiJFUzI1NiJ9."
     "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ."
     "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q"},
};

}  // namespace postern::openid
