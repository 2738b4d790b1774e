"""Pages: what calibrate, replay and check found, as documents with figures and tables; nothing here prints."""
