//! Access tokens, and the public keys that anybody checks them with.

use crate::app::{ISSUER, TestApp};
use axum::http::Method;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header};
use serde_json::{Value, json};

#[tokio::test]
async fn anybody_can_check_a_token_with_the_published_keys() {
    let app = TestApp::new().await;
    let ada = app.user("ada").await;
    let jwks = app
        .request(Method::GET, "/.well-known/jwks.json")
        .send()
        .await;
    let jwks: JwkSet = serde_json::from_value(jwks.expect(200).json()).unwrap();
    let header = decode_header(&ada.access_token).unwrap();
    let key = jwks.find(header.kid.as_deref().unwrap()).unwrap();
    let pem = app.request(Method::GET, "/auth/keys/public").send().await;
    let pem = DecodingKey::from_rsa_pem(&pem.expect(200).body).unwrap();
    let mut rules = Validation::new(Algorithm::RS256);
    rules.set_issuer(&[ISSUER]);
    rules.set_audience(&["millstream"]);
    // The app's clock stands still.
    rules.validate_exp = false;
    for key in [DecodingKey::from_jwk(key).unwrap(), pem] {
        let claims = decode::<Value>(&ada.access_token, &key, &rules)
            .unwrap()
            .claims;
        assert_eq!(claims["sub"], ada.id);
        assert_eq!(claims["role"], "admin");
        assert_eq!(
            claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap(),
            900
        );
        assert!(claims["sid"].is_string() && claims["jti"].is_string());
    }
}

#[tokio::test]
async fn a_token_that_was_touched_is_not_believed() {
    let app = TestApp::new().await;
    let ada = app.user("ada").await;
    let parts: Vec<&str> = ada.access_token.split('.').collect();
    let claims = URL_SAFE_NO_PAD.decode(parts[1]).unwrap();
    let mut claims: Value = serde_json::from_slice(&claims).unwrap();
    claims["exp"] = json!(claims["exp"].as_i64().unwrap() + 60);
    let claims = URL_SAFE_NO_PAD.encode(claims.to_string());
    let none = URL_SAFE_NO_PAD.encode(json!({"alg": "none", "typ": "JWT"}).to_string());
    for token in [
        format!("{}.{claims}.{}", parts[0], parts[2]),
        format!("{none}.{}.", parts[1]),
        format!("{}.{}.", parts[0], parts[1]),
        "x".to_owned(),
    ] {
        let answer = app.get("/auth/me").token(&token).send().await;
        answer.expect_error(401, "unauthenticated");
    }
    let basic = app
        .get("/auth/me")
        .header("authorization", "Basic YWRhOng=");
    basic.send().await.expect_error(401, "unauthenticated");
}
