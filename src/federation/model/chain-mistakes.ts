/** What can be wrong with certificates that an organisation issues, with the sentence its owners read and the remedy. */

export const CHAIN_MISTAKES = {
  // What was given
  "nothing-given":
    "There is no certificate in what was given. Give it as PEM text, which begins with -----BEGIN CERTIFICATE-----.",
  "private-key-given":
    "A private key was given. Nobody asks for one: the SuperLink's stays in its VM. Treat that key as known to others, and give certificates only.",
  "too-much-given":
    "More was given than a chain of certificates needs. Give at most eight certificates, 64 kB together.",
  "not-readable": "A certificate in what was given cannot be read. Export it again as X.509 in PEM.",
  // The CA
  "authority-several":
    "Several certificates were given. Give the certificate of the root CA alone; the chain is asked for later.",
  "authority-not-root":
    "The certificate is not that of a root CA: another one has issued it. Give the root's, because training sites verify up to it.",
  "authority-no-ca":
    "The certificate may not issue others. Give a CA's, with basicConstraints CA:TRUE marked critical and keyUsage keyCertSign.",
  "authority-no-key-id":
    "The CA's certificate has no subject key identifier. Issue it again with one: OpenSSL demands it.",
  "authority-key":
    "The CA's key is of a kind that Flower's TLS does not take. Use an RSA key of 2048 bits or more, or EC P-256.",
  "authority-signature": "The CA's certificate is not signed by its own key with SHA-256 or stronger. Issue it again.",
  "authority-over": "The CA's certificate has expired. Give the one that is in force.",
  "authority-early": "The CA's certificate is not valid yet. Give the one that is in force.",
  "authority-ends-soon": "The CA's certificate expires within 30 days. Give one that outlasts the federation.",
  "authority-constrains-addresses":
    "The CA's certificate constrains IP addresses, and Flower's TLS refuses every chain under such a CA. Use another CA.",
  // The chain
  "key-differs":
    "None of the certificates is for the SuperLink's key. Have the newest request signed, the one that hangs under this card.",
  "name-missing": "The certificate does not cover a name that is dialled. Issue it with all names of the request.",
  "loopback-missing":
    "The certificate does not cover 127.0.0.1, by which the SuperLink's own tools reach it. Issue it with all names of the request.",
  "leaf-over": "The certificate has expired. Issue another from the request.",
  "leaf-early": "The certificate is not valid yet. Issue it to begin now, or give it when it does.",
  "leaf-ends-soon": "The certificate expires within a day. Issue it for at least some weeks.",
  "leaf-is-ca": "The certificate is a CA's. Issue it for a server: basicConstraints CA:FALSE.",
  "leaf-purpose": "The certificate is not for TLS servers. Issue it with extendedKeyUsage serverAuth.",
  "leaf-usage": "The certificate's key may not sign. Issue it with keyUsage digitalSignature.",
  "link-no-key-id":
    "A certificate of the chain does not name its issuer's key. Issue it with an authority key identifier: OpenSSL demands it.",
  "link-other-key-id":
    "A certificate of the chain names another key as its issuer's than the issuer has. Issue it again under that CA.",
  "issuer-missing":
    "The chain does not reach the CA: the certificate of an issuer is missing. Give every intermediate one with it.",
  "other-authority":
    "The chain ends at another CA than the one that training sites approved. Have the request signed under that one. A federation keeps its CA: for another one tear it down and ask for it again.",
  "signature-wrong": "A certificate of the chain was not signed by the issuer it names. Export the chain again.",
  "signature-weak":
    "A certificate of the chain is signed in a way that is not taken. Sign with RSA or ECDSA over SHA-256 or stronger.",
  "issuer-no-ca":
    "An intermediate certificate may not issue others: it lacks basicConstraints CA:TRUE (critical), keyCertSign or its key's identifier.",
  "issuer-over": "An intermediate certificate has expired. Give the one that is in force.",
  "issuer-early": "An intermediate certificate is not valid yet. Give the one that is in force.",
  "issuer-key":
    "An intermediate CA's key is of a kind that Flower's TLS does not take. Use RSA of 2048 bits or more, or EC P-256.",
  "path-too-long":
    "More intermediate CAs stand between the certificate and the CA than the CA allows (pathlen). Issue it higher up.",
  "name-not-permitted":
    "A CA of the chain is constrained to names that the certificate's are not among. Use a CA that may certify them.",
  "constrains-addresses":
    "An intermediate CA constrains IP addresses, and Flower's TLS refuses every chain under such a CA. Use another one.",
  "more-than-the-chain":
    "A certificate was given that is no part of the chain. Give the SuperLink's and its intermediate ones only.",
} as const satisfies Record<string, string>;

export type ChainMistake = keyof typeof CHAIN_MISTAKES;
