tocsin report
