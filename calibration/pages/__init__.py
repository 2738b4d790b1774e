"""Pages: results of calibrate, replay and check as documents with figures and tables; nothing here prints."""
