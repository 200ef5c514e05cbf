tocsin jobs pause nightly_backup
tocsin jobs resume nightly_backup
