echo "whsec_$(openssl rand -base64 32)"
