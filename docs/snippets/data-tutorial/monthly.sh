export TOCSIN_URL=http://127.0.0.1:8465
python monthly.py 2
