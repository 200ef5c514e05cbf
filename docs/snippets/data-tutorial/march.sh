python monthly.py 3
