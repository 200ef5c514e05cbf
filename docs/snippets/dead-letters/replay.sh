echo "ada bob cyd" > customers.txt
tocsin batch dead-letters replay --pipeline orders:pipeline --reason "not known"
