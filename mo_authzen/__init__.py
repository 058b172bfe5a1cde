"""Door 3: decisions for applications (AuthZEN Authorization API 1.0) and for proxies."""
