//! What the signer decides: which shares and uploads are granted, and on what terms.
